"""A small network that tells which attributes an image has, and the file that holds it with what it is worth."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.run.files import write as write_file

WIDTHS = (16, 32, 64, 128)
HEADER = "gan_zoo_attributes"
"""The entry of a file's header that says what the classifier is."""


@dataclass(frozen=True)
class Worth:
    """What the network was right about, of images that it was not trained on; shares in [0, 1]."""

    name: str
    """Of the attribute."""
    accuracy: float
    """Of all images."""
    of_those_with: float
    """Of images that have the attribute."""
    of_those_without: float


class AttributeNet(nn.Module):
    """Four convolutions, each with batch norm and halved by its maxima, the mean over pixels, and a logit a name.

    Args:
        names: of the attributes.
        resolution: pixels a side that images are resized to.
    """

    def __init__(self, names: tuple[str, ...], resolution: int) -> None:
        super().__init__()
        self.names, self.resolution = names, resolution
        self.worth: tuple[Worth, ...] = ()
        layers: list[nn.Module] = []
        for into, out in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(into, out, kernel_size=3, padding=1), nn.BatchNorm2d(out), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTHS[-1], len(names))

    def forward(self, image: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n k"]:
        """A logit for each attribute of each image in [-1, 1]: above 0, it has it."""
        size = (self.resolution, self.resolution)
        return self.head(self.body(image if image.shape[2:] == size else images.to_size(image, size)).mean((2, 3)))


def write(network: AttributeNet, file: Path, about: str) -> None:
    """Save a trained network with its `worth`.

    Args:
        network: trained.
        file: that is written.
        about: what it was trained on, in words.
    """
    told = {"names": network.names, "resolution": network.resolution, "about": about}
    told["worth"] = [asdict(one) for one in network.worth]
    write_file(file, save(network.state_dict(), {HEADER: json.dumps(told)}))


def is_classifier(file: Path) -> bool:
    """Return whether `write` has made a file."""
    try:
        with safe_open(file, framework="pt") as content:
            return HEADER in (content.metadata() or {})
    except (SafetensorError, OSError):
        return False


def read(file: Path) -> AttributeNet:
    """The network in a file, in eval mode.

    Raises:
        Mistake: no such file, or of something else.
    """
    try:
        with safe_open(file, framework="pt") as content:
            told = json.loads((content.metadata() or {})[HEADER])
    except (SafetensorError, OSError, KeyError) as error:
        raise Mistake(
            f"{file} holds no classifier of attributes ({type(error).__name__}): "
            "`python -m gan_zoo.metrics.train_attributes --help` makes one."
        ) from error
    network = AttributeNet(tuple(told["names"]), told["resolution"])
    network.worth = tuple(Worth(**one) for one in told["worth"])
    network.load_state_dict(load_file(file))
    return network.requires_grad_(False).eval()
