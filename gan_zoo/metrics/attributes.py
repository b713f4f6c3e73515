"""A small network that classifies the attributes of an image, and its file, which records how accurate it is."""

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
"""The entry of a file's header that describes the classifier."""


@dataclass(frozen=True)
class Worth:
    """The accuracy of the network for one attribute, on held-out images; all values are shares in [0, 1]."""

    name: str
    """Name of the attribute."""
    accuracy: float
    """Accuracy on all images."""
    of_those_with: float
    """Accuracy on the images that have the attribute."""
    of_those_without: float
    """Accuracy on the images that lack it."""


class AttributeNet(nn.Module):
    """Four blocks of convolution, batch norm and max pooling, then the mean over pixels and one logit per attribute.

    Args:
        names: Names of the attributes.
        resolution: Pixels a side that images are resized to.
    """

    def __init__(self, names: tuple[str, ...], resolution: int) -> None:
        super().__init__()
        self.names, self.resolution = names, resolution
        self.worth: tuple[Worth, ...] = ()
        layers: list[nn.Module] = []
        for inputs, out in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [
                nn.Conv2d(inputs, out, kernel_size=3, padding=1),
                nn.BatchNorm2d(out),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTHS[-1], len(names))

    def forward(self, image: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n k"]:
        """Return a logit for each attribute of each image, in [-1, 1]; above 0 the image has the attribute."""
        size = (self.resolution, self.resolution)
        return self.head(self.body(image if image.shape[2:] == size else images.to_size(image, size)).mean((2, 3)))


def write(network: AttributeNet, file: Path, about: str) -> None:
    """Write a trained network with its `worth` to a file.

    Args:
        network: The trained network.
        file: Path to write to.
        about: A description of the training images.
    """
    description = {"names": network.names, "resolution": network.resolution, "about": about}
    description["worth"] = [asdict(worth) for worth in network.worth]
    write_file(file, save(network.state_dict(), {HEADER: json.dumps(description)}))


def is_classifier(file: Path) -> bool:
    """Return whether `file` was written by `write`."""
    try:
        with safe_open(file, framework="pt") as content:
            return HEADER in (content.metadata() or {})
    except (SafetensorError, OSError):
        return False


def read(file: Path) -> AttributeNet:
    """Load the network in a file, in eval mode.

    Raises:
        Mistake: The file is missing or holds something else.
    """
    try:
        with safe_open(file, framework="pt") as content:
            description = json.loads((content.metadata() or {})[HEADER])
    except (SafetensorError, OSError, KeyError) as error:
        raise Mistake(
            f"{file} holds no attribute classifier ({type(error).__name__}): "
            "train one, see `python -m gan_zoo.metrics.train_attributes --help`."
        ) from error
    network = AttributeNet(tuple(description["names"]), description["resolution"])
    network.worth = tuple(Worth(**fields) for fields in description["worth"])
    network.load_state_dict(load_file(file))
    return network.requires_grad_(False).eval()
