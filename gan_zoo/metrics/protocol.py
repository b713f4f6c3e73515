"""The conditions of a score. A score is worthless without them, so it never travels without them."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Protocol:
    """Two scores may be compared only where all of this is equal."""

    extractor: str
    """Network whose features are compared."""
    extractor_weights: str
    """Hash of its weights."""
    resize: str
    """How images reach the network's size."""
    data: str
    """Real images: set, split and count."""
    data_fingerprint: str
    """Hash of their content."""
    real: int
    """Real images used."""
    generated: int
    """Images generated."""
    weights: str
    """Which generator: `averaged` or `last`."""
    batch_norm: str
    """`eval`: running statistics."""
    truncation: float
    """Of the latents; 1: none."""
    latent_seed: int
    """Seed of the table of latents."""
    dtype: str
    """In which features are computed."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def count_name(count: int) -> str:
    """10000 as `10k`, 2500 as `2500`: how a score's name carries its number of images."""
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)
