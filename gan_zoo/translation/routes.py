"""What models that make images of images share: the routes along which they translate, which scores and commands use.

A route says what is translated, and what the results should look like, in terms of a batch: pix2pix has one, from
`source` to `target`; CycleGAN has a2b and b2a; StarGAN has one for each label that it gives to images without it, or
takes from those with it.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from gan_zoo.images import Batch

Images = Float[Tensor, "n _ h w"]


@dataclass(frozen=True)
class Route:
    """One way to translate."""

    name: str
    """As scores and commands call it: `a2b`, `Black_Hair`, `not_Male`."""
    source: str = "image"
    """Key of a batch whose images are translated."""
    target: str = "image"
    """Key of the real images that results should look like."""
    paired: bool = False
    """Whether result i should be image i of the target."""
    back: str = ""
    """Name of the route that undoes this one; empty: none was learned."""
    label: int | None = None
    """The class, or the column of the attributes, that is given or taken; None: images are told apart by their keys.

    Targets are the images that have it (with `value` false: have it not), sources those that are not known to.
    """
    label_name: str = ""
    """What that label is called."""
    domain: int = 0
    """Of several sets, the one that knows the label."""
    value: bool = True
    """Whether the label is given, or taken."""


@runtime_checkable
class Translating(Protocol):
    """A model that translates. Its `generator` holds all networks that do, so that the sampled file is enough."""

    @property
    def stride(self) -> int:
        """What an image's sides must be multiples of."""
        ...

    @property
    def routes(self) -> tuple[Route, ...]:
        """The first one's scores decide which step is best."""
        ...

    def follow(self, route: Route, batch: Batch, seed: int = 0, first: int = 0) -> Images:
        """The images `batch[route.source]`, in [-1, 1], translated: in [-1, 1], without gradients.

        Image i is the same whatever its neighbours are.

        Args:
            route: one of `routes`.
            batch: of the data; with its labels where the route is one of labels.
            seed: of what is drawn (pix2pix's dropout), image i of the batch from (seed, first + i).
            first: index of the batch's first image.
        """
        ...
