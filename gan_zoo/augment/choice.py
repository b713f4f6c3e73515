"""What a model's arguments `augment` and `augment_probability` mean."""

from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from gan_zoo.augment.ada import GROUPS, ada
from gan_zoo.augment.colour import NEED_THREE
from gan_zoo.augment.controller import Controller
from gan_zoo.augment.diffaugment import diffaugment
from gan_zoo.augment.draws import Probability
from gan_zoo.errors import Mistake
from gan_zoo.layers import at_least_float32
from gan_zoo.schedules import half_cosine

Augment = Literal["none", "diffaugment", "ada", "ada_b", "ada_bg", "ada_bgcf", "ada_bgcfn", "ada_bgcfnc"]
AugmentProbability = Literal["adaptive", "cosine"] | float

NUMBER_OF_GROUPS = {"ada_b": 1, "ada_bg": 2, "ada": 3, "ada_bgcf": 4, "ada_bgcfn": 5, "ada_bgcfnc": 6}
"""How many of ADA's groups of transforms, in their order, belong to each name."""
COSINE_LAST, COSINE_IMAGES = 0.3, 20_000_000
"""The probability that `cosine` rises to, and the number of real images until then (R3GAN, for faces)."""


class Augmentation:
    """What is done to the images that a discriminator sees.

    Args:
        name: `none`; `diffaugment`; `ada`, with the paper's own transforms; or `ada_` and the letters of another of the
            paper's sets.
        probability: ADA's p: `adaptive`, by the signs of the scores of real images; `cosine`, from 0 to 0.3 over 20
            million images; or a number. DiffAugment has none.

    Raises:
        Mistake: The name is unknown, or the probability is none or has no use.
    """

    def __init__(self, name: Augment, probability: AugmentProbability = "adaptive") -> None:
        self.name, self.groups = name, GROUPS[: NUMBER_OF_GROUPS.get(name, 0)]
        self.probability = probability
        self.refuse_unusable()
        self.controller = Controller() if self.groups and probability == "adaptive" else None

    def refuse_unusable(self) -> None:
        """Stop for a name that is unknown, and for a probability that is none or has no use."""
        if self.name not in get_args(Augment):
            raise Mistake(f"model.augment is {self.name}: it must be one of {', '.join(get_args(Augment))}.")
        known = self.probability in ("adaptive", "cosine")
        if not known and not (isinstance(self.probability, int | float) and 0 <= self.probability <= 1):
            raise Mistake(
                f"model.augment_probability is {self.probability}: it must be adaptive, cosine or a number from 0 to 1."
            )
        if not self.groups and self.probability != "adaptive":
            raise Mistake(
                f"model.augment_probability is {self.probability}, and model.augment is {self.name}, which has no "
                "probability: leave it out, or take model.augment ada."
            )

    def refuse_unfit(self, image_shape: tuple[int, int, int]) -> None:
        """Stop for images of (channels, height, width) that the transforms cannot take."""
        channels, height, width = image_shape
        if "colour" in self.groups and channels != 3:
            missing = f"{', '.join(NEED_THREE[:-1])} and {NEED_THREE[-1]}"
            raise Mistake(
                f"model.augment is {self.name}, whose {missing} need red, green and blue, and image_shape is "
                f"{tuple(image_shape)}: take ada_bg, which moves images and leaves their colours, or diffaugment."
            )
        if self.groups and height != width:
            raise Mistake(
                f"model.augment is {self.name}, which turns images by right angles, and these are {height} x {width} "
                "pixels: take square images, or diffaugment."
            )

    def __call__(self, image: Float[Tensor, " n c h w"], shown: int) -> Float[Tensor, " n c h w"]:
        """Return what a discriminator sees of `image`, in float32 whatever the run's precision.

        Args:
            image: Real or generated images. Each call has its own draws.
            shown: Real images shown since the start of training.
        """
        if self.name == "none":
            return image
        with torch.autocast(image.device.type, enabled=False):
            image = at_least_float32(image)
            return ada(image, self.now(shown), self.groups) if self.groups else diffaugment(image)

    def now(self, shown: int) -> Probability:
        """Return ADA's p after `shown` images, and 1 for DiffAugment."""
        if not self.groups:
            return 1.0
        if self.controller:
            return self.controller.probability
        if self.probability == "cosine":
            return half_cosine(shown, end=COSINE_IMAGES, first=0.0, last=COSINE_LAST)
        return float(self.probability)

    def note(self, sign: Float[Tensor, ""], images: int, shown: int) -> tuple[tuple[str, ...], Float[Tensor, " terms"]]:
        """Take in one minibatch, and return what is logged of it, with its names.

        Args:
            sign: Mean sign of the scores of its real images, over all devices.
            images: Number of these images, over all devices.
            shown: Real images shown since the start of training.
        """
        if not self.groups:
            return ("augment/sign",), sign[None]
        probability = torch.as_tensor(self.now(shown), dtype=sign.dtype, device=sign.device)
        if self.controller:
            self.controller.note(sign, images)
        return ("augment/sign", "augment/probability"), torch.stack([sign, probability])

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return self.controller.state() if self.controller else {}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from `state()`."""
        if self.controller and state:
            self.controller.load(state)
