"""CycleGAN's pool of generated images, by which a discriminator does not forget (Shrivastava 2017, section 2.3)."""

import torch
from jaxtyping import Float
from torch import Tensor

Images = Float[Tensor, "n c h w"]


class ImagePool:
    """The first `size` images pass and are kept; then every other one, at random, is swapped for one that was kept.

    It draws on the CPU, from the step's own randomness, so that nothing waits for the device. What it keeps is each
    process's own: a model saves `state` of all of them.

    Args:
        size: images kept; 0: all pass.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: list[Tensor] = []

    def __call__(self, image: Images) -> Images:
        """As many images, each itself or one from before, of which no gradient reaches what made them."""
        swapped = torch.stack([self._swap(one) for one in image.detach()])
        return swapped.contiguous(memory_format=torch.channels_last)

    def _swap(self, new: Tensor) -> Tensor:
        if len(self._kept) < self.size:
            self._kept.append(new.clone())
            return new
        if self.size == 0 or torch.rand(()) < 0.5:
            return new
        place = int(torch.randint(self.size, ()))
        old, self._kept[place] = self._kept[place], new.clone()
        return old.to(new.device)

    def state(self) -> list[Tensor]:
        """The images kept, in order, on the CPU: what a checkpoint holds."""
        return [one.cpu() for one in self._kept]

    def load(self, state: list[Tensor]) -> None:
        """Go on from `state()`."""
        self._kept = list(state)
