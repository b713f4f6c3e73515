"""The conditions of a score. A score is worthless without them, so it never travels without them."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Conditions:
    """Of the generated images: the half of a protocol that a generator's owner decides."""

    weights: str = "averaged"
    """Which generator: `averaged` or `last`."""
    batch_norm: str = "eval"
    """`eval`: running statistics; `batches of 250`: those of each 250 images."""
    truncation: float = 1.0
    """Of the latents; 1: none."""
    labels: str = "none"
    """Classes of the images: `none`, `uniform`, `data` (drawn from the real images' own) or `class 3`."""
    latent_seed: int = 0
    """Seed of the table of latents, and of the labels."""


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
    split: str
    """`train` or another that the data module has; empty: it has one."""
    real: int
    """Real images used."""
    generated: int
    """Images generated."""
    conditions: Conditions
    """Of the generated images."""
    dtype: str = "float32"
    """In which features are computed."""

    def as_dict(self) -> dict[str, Any]:
        """All fields in one flat dict, the conditions' among them."""
        fields = asdict(self)
        return fields | fields.pop("conditions")
