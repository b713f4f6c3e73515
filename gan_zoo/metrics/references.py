"""What metrics read of real images, computed once and kept on disk by content.

A file holds the references of one set to one extractor, for as many metrics as were asked for so far. It is named by
what it is of, written as a whole, and held by one process while that computes: others that want it wait, and read.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.run.files import replace

VERSION = 1
"""Of what metrics read: to be raised with a change there, so that no reference of before is taken."""

References = dict[str, dict[str, Tensor]]
"""By metric, what it reads of the real images."""


def folder() -> Path:
    """$GAN_ZOO_CACHE/references, by default in ~/.cache/gan_zoo."""
    return Path(os.environ.get("GAN_ZOO_CACHE") or Path.home() / ".cache" / "gan_zoo") / "references"


class Cache:
    """The references of one set of real images to one extractor.

    Args:
        about: all that their values depend on: fingerprints, counts.
    """

    def __init__(self, about: Mapping[str, str | int]) -> None:
        self.about = {"version": VERSION} | dict(about)
        name = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()[:24]
        self.file = folder() / f"{name}.safetensors"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block no other process computes these; waits for one that does.

        Raises:
            Mistake: the folder cannot be written.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            lock = open(self.file.with_suffix(".lock"), "w")  # noqa: SIM115 (closed below)
        except OSError as error:
            raise Mistake(f"{folder()} cannot be written ({error.strerror}): set GAN_ZOO_CACHE to another.") from error
        with lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)  # ends with the process, however that ends
            yield

    def read(self, metrics: Iterable[str]) -> References:
        """The references of those of `metrics` that are there; a damaged file holds none."""
        if not self.file.exists():
            return {}
        try:
            with safe_open(self.file, framework="pt") as content:
                kept = json.loads((content.metadata() or {}).get("metrics", "{}"))
                wanted = {name: kept[name] for name in metrics if name in kept}
                tensors = {key: content.get_tensor(key) for keys in wanted.values() for key in keys}
        except (SafetensorError, OSError):
            return {}
        return {name: {key: tensors[key] for key in keys} for name, keys in wanted.items()}

    def add(self, references: References) -> None:
        """Keep these too, beside those that are there.

        Raises:
            Mistake: they cannot be written.
        """
        everything = self.read(self._metrics()) | references
        tensors = {key: value.cpu().contiguous() for one in everything.values() for key, value in one.items()}
        header = {
            "about": json.dumps(self.about),
            "metrics": json.dumps({name: list(one) for name, one in everything.items()}),
        }
        temporary = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        try:
            save_file(tensors, temporary, header)
            replace(temporary, self.file)
        except (OSError, SafetensorError) as error:
            temporary.unlink(missing_ok=True)
            raise Mistake(f"{self.file} cannot be written ({error}): set GAN_ZOO_CACHE to another folder.") from error

    def _metrics(self) -> list[str]:
        try:
            with safe_open(self.file, framework="pt") as content:
                return list(json.loads((content.metadata() or {}).get("metrics", "{}")))
        except (SafetensorError, OSError):
            return []
