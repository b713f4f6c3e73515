"""What every extractor is: frozen, in eval mode, in float32, whatever surrounds it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten


class Features(NamedTuple):
    """What an extractor finds in n images."""

    features: Float[Tensor, " n d"]
    """What Frechet and kernel distances, precision and recall compare."""
    logits: Float[Tensor, " n k"] | None = None
    """What the Inception score reads; None: the network classifies nothing."""


class Extractor(nn.Module):
    """Base of the extractors. A subclass sets the first two and writes `forward`, from uint8 images to `Features`."""

    name: str
    features: int
    """Their length."""
    logits: int = 0
    """Their number; 0: none."""
    resize: str = "none"
    """How images reach the network's size, as protocols print it."""
    batch: int = 250
    """Images through the network at once: bounds the memory, changes nothing else."""

    def fingerprint(self) -> str:
        """A hash of the weights: scores of unlike fingerprints are not compared."""
        return hashed(self)

    def check(self, image_shape: tuple[int, int, int]) -> None:
        """Raise `Mistake` if images of this shape are not what the network is for."""

    @torch.no_grad()
    def extract(self, image: UInt8[Tensor, " n c h w"]) -> Features:
        """What the network finds in `image`, on its device, in float32 without autocast or TF32."""
        with in_float32(image.device):
            made = [self(part) for part in image.split(self.batch)]
        found = [one if isinstance(one, Features) else Features(one) for one in made]
        logits = [one.logits for one in found if one.logits is not None]
        return Features(torch.cat([one.features for one in found]), torch.cat(logits) if logits else None)


def hashed(network: nn.Module) -> str:
    """A hash of a network's weights."""
    digest = hashlib.sha256()
    for key, value in network.state_dict().items():
        digest.update(key.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


@contextmanager
def in_float32(device: torch.device) -> Iterator[None]:
    """Within the block products are of all 24 bits: TF32 keeps 11, and moves features by a thousandth."""
    backends: Any = torch.backends  # torch declares no types for these switches
    switches = (backends.cuda.matmul, backends.cudnn.conv)
    before = [switch.fp32_precision for switch in switches]
    try:
        for switch in switches:
            switch.fp32_precision = "ieee"
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        for switch, precision in zip(switches, before, strict=True):
            switch.fp32_precision = precision


def colour(image: UInt8[Tensor, " n c h w"]) -> UInt8[Tensor, " n 3 h w"]:
    """Grey images three times over; others as they are."""
    return image.expand(-1, 3, -1, -1) if image.shape[1] == 1 else image


def refuse_channels(name: str, image_shape: tuple[int, int, int], least: int = 1) -> None:
    """Raise `Mistake` unless images have one or three channels and `least` pixels a side."""
    if image_shape[0] not in (1, 3) or min(image_shape[1:]) < least:
        raise Mistake(
            f"{name} takes images of 1 or 3 channels and at least {least} pixels a side; these are {image_shape}: "
            "name another extractor."
        )


def read_weights(file: str) -> dict[str, Tensor]:
    """The tensors in a .pth file, of which nothing is executed.

    Raises:
        Mistake: damaged, dangerous, or something else than tensors by name.
    """
    try:
        content = torch.load(Path(file), weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for damaged and for dangerous files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Mistake(shorten(f"{file} is not a file of weights that can be read safely: {reason}")) from error
    if not (isinstance(content, dict) and all(isinstance(one, Tensor) for one in content.values())):
        raise Mistake(f"{file} holds no tensors by name: fetch the weights again.")
    return content


@contextmanager
def expecting(name: str, file: str) -> Iterator[None]:
    """Within the block weights from `file` are loaded into the network `name`.

    Raises:
        Mistake: they do not fit.
    """
    try:
        yield
    except RuntimeError as error:
        raise Mistake(shorten(f"{file} holds weights of another network than {name}: {error}")) from error
