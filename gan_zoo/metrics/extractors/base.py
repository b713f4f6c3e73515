"""The base class of extractors. Features are always computed in float32, without autocast or TF32."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, UInt8
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten


class Features(NamedTuple):
    """The output of an extractor for n images."""

    features: Float[Tensor, " n d"]
    """The vectors that Frechet and kernel distances, precision and recall compare."""
    logits: Float[Tensor, " n k"] | None = None
    """The class logits that the Inception score reads; None: the network does not classify."""


class Extractor(nn.Module):
    """Base class of extractors.

    A subclass sets `name` and `features`, and implements `forward`, which maps uint8 images to `Features`.
    """

    name: str
    features: int
    """Number of features per image."""
    logits: int = 0
    """Number of classes; 0: the network does not classify."""
    resize: str = "none"
    """How images are resized for the network, as protocols record it."""
    version: int = 1
    """Version of the code. The weights do not show a change of the code, so raise it with every change of features."""
    batch: int = 250
    """Images that go through the network at once. It bounds the memory and does not change the results."""

    def fingerprint(self) -> str:
        """Return a hash of the weights. Scores with other hashes, or other versions of the code, are not compared."""
        return hashed(self)

    def about(self) -> dict[str, Any]:
        """Return the fields of a protocol that describe the extractor."""
        return {
            "extractor": self.name,
            "extractor_weights": self.fingerprint(),
            "extractor_version": self.version,
            "resize": self.resize,
        }

    def check(self, image_shape: tuple[int, int, int]) -> None:
        """Raise `Mistake` if the network does not take images of this shape."""

    @torch.no_grad()
    def extract(self, image: UInt8[Tensor, " n c h w"]) -> Features:
        """Return the features of `image`, on its device, computed in float32 without autocast or TF32."""
        with in_float32(image.device):
            outputs = [self(part) for part in image.split(self.batch)]
        parts = [output if isinstance(output, Features) else Features(output) for output in outputs]
        logits = [part.logits for part in parts if part.logits is not None]
        return Features(torch.cat([part.features for part in parts]), torch.cat(logits) if logits else None)


def hashed(network: nn.Module) -> str:
    """Return a hash of the weights of a network."""
    digest = hashlib.sha256()
    for key, value in network.state_dict().items():
        digest.update(key.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


@contextmanager
def in_float32(device: torch.device) -> Iterator[None]:
    """Compute with all 24 bits of float32 within the block. TF32 keeps 11 and changes features by a thousandth."""
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
    """Return grey images with three equal channels, and others unchanged."""
    return image.expand(-1, 3, -1, -1) if image.shape[1] == 1 else image


def refuse_channels(name: str, image_shape: tuple[int, int, int], least: int = 1) -> None:
    """Raise `Mistake` unless images have one or three channels and `least` pixels a side."""
    if image_shape[0] not in (1, 3) or min(image_shape[1:]) < least:
        raise Mistake(
            f"{name} takes images with 1 or 3 channels and at least {least} pixels a side; these are {image_shape}: "
            "name another extractor."
        )


def read_weights(file: str) -> dict[str, Tensor]:
    """Return the tensors in a .pth or .safetensors file, without executing any code in it.

    Raises:
        Mistake: The file is damaged or dangerous, or holds anything but tensors by name.
    """
    try:
        if Path(file).suffix == ".safetensors":
            return load_file(file)
        content = torch.load(Path(file), weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for damaged and for dangerous files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Mistake(shorten(f"{file} is not a file of weights that can be read safely: {reason}")) from error
    if not (isinstance(content, dict) and all(isinstance(value, Tensor) for value in content.values())):
        raise Mistake(f"{file} holds no tensors by name: fetch the weights again.")
    return content


@contextmanager
def expecting(name: str, file: str) -> Iterator[None]:
    """Turn the error of weights from `file` that do not fit the network `name` into a `Mistake`.

    Raises:
        Mistake: The weights do not fit.
    """
    try:
        yield
    except RuntimeError as error:
        raise Mistake(shorten(f"{file} holds weights of another network than {name}: {error}")) from error
