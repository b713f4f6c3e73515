"""The directions in which a model translates images, which the scores and the commands loop over.

A route names the keys of a batch that hold the images to translate and the images that the results should look like.
pix2pix has one route, between `source` and `target`. CycleGAN has a2b and b2a. StarGAN has one for each label that it
sets in images without it, and one for each label that it clears in images with it.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from gan_zoo.images import Batch

Images = Float[Tensor, "n _ h w"]


@dataclass(frozen=True)
class Route:
    """One direction of translation."""

    name: str
    """The name in scores and commands: `a2b`, `Black_Hair`, `not_Male`."""
    source: str = "image"
    """Key of the images of a batch that are translated."""
    target: str = "image"
    """Key of the real images that the results should look like."""
    paired: bool = False
    """Whether result i should equal image i of the target."""
    back: str = ""
    """Name of the route that inverts this one; empty if the model learns none."""
    label: int | None = None
    """The class, or the column of the attributes, that is changed; None if the keys tell sources and targets apart.

    The targets are the images with the label (without it, if `value` is false). The sources are all images that are not
    known to be targets.
    """
    label_name: str = ""
    """The name of that label."""
    domain: int = 0
    """Number of the data set that the label belongs to."""
    value: bool = True
    """Whether the label is set or cleared."""


@runtime_checkable
class Translating(Protocol):
    """A model that translates images. Its `generator` holds all networks that do so, so that its file suffices."""

    @property
    def stride(self) -> int:
        """Number of pixels that the sides of an image must be multiples of."""
        ...

    @property
    def routes(self) -> tuple[Route, ...]:
        """All directions of translation. The scores of the first one decide which step is best."""
        ...

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        """Return the translations of the images `batch[route.source]`, in [-1, 1], without gradients.

        The result for an image does not depend on the other images.

        Args:
            route: An element of `routes`.
            batch: Images in [-1, 1], with their labels if the route changes a label.
            seed: Seed of the draws (pix2pix's dropout). Image i draws from (seed, first + i).
            first: Index of the first image of the batch.
        """
        ...
