"""References: the statistics of real images that metrics need, computed once and cached on disk.

A file holds the references of one set of images and one extractor, for every metric that has been used so far. Its name
is a hash of everything that the values depend on. It is replaced as a whole, and locked by the process that computes
it: others that need it wait, and then read it.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.run.files import replace
from gan_zoo.run.reading import Damaged, parse_json
from gan_zoo.run.schemas import Schema, list_of

VERSION = 1
"""Version of the references: raise it when a metric changes, so that older files are not used."""

KEYS = Schema({})
NAMES = list_of("texts", lambda key: isinstance(key, str))
"""What the header of a file holds: an object with a list of names for each metric."""
References = dict[str, dict[str, Tensor]]
"""Statistics of the real images, by metric."""


def folder() -> Path:
    """Return the folder of the cache: $GAN_ZOO_CACHE/references, by default below ~/.cache/gan_zoo."""
    return Path(os.environ.get("GAN_ZOO_CACHE") or Path.home() / ".cache" / "gan_zoo") / "references"


class Cache:
    """The cached references of one set of real images and one extractor.

    Args:
        about: Everything that the values depend on: fingerprints and counts.
    """

    def __init__(self, about: Mapping[str, str | int]) -> None:
        self.about = {"version": VERSION} | dict(about)
        name = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()[:24]
        self.file = folder() / f"{name}.safetensors"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock of the file within the block, waiting for a process that has it.

        Raises:
            Mistake: The folder cannot be written.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            lock = open(self.file.with_suffix(".lock"), "w")  # noqa: SIM115 (closed below)
        except OSError as error:
            raise Mistake(f"{folder()} cannot be written ({error.strerror}): set GAN_ZOO_CACHE to another.") from error
        with lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)  # released when the process ends, however that happens
            yield

    def read(self, metrics: Iterable[str]) -> References:
        """Return the cached references of `metrics`, without those that are missing. A damaged file counts as empty."""
        if not self.file.is_file():
            return {}
        try:
            with safe_open(self.file, framework="pt") as content:
                keys_of = whole_keys(content)
                return {
                    name: {key: content.get_tensor(stored(name, key)) for key in keys_of[name]}
                    for name in metrics
                    if name in keys_of
                }
        except (SafetensorError, OSError):
            return {}

    def add(self, references: References) -> None:
        """Add references to the file.

        Raises:
            Mistake: The file cannot be written.
        """
        everything = self.read(self._metrics()) | references
        tensors = {
            stored(name, key): value.cpu().contiguous()
            for name, entry in everything.items()
            for key, value in entry.items()
        }
        header = {
            "about": json.dumps(self.about),
            "metrics": json.dumps({name: list(entry) for name, entry in everything.items()}),
        }
        temporary = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        try:
            save_file(tensors, temporary, header)
            replace(temporary, self.file)
        except (OSError, SafetensorError) as error:
            temporary.unlink(missing_ok=True)
            raise Mistake(f"{self.file} cannot be written ({error}): set GAN_ZOO_CACHE to another folder.") from error

    def _metrics(self) -> list[str]:
        if not self.file.is_file():
            return []
        try:
            with safe_open(self.file, framework="pt") as content:
                return list(whole_keys(content))
        except (SafetensorError, OSError):
            return []


def whole_keys(content: Any) -> dict[str, list[str]]:
    """Return the names of the tensors of each metric in an open file; {} unless they are all tensors that it holds."""
    try:
        keys_of = KEYS.check(parse_json((content.metadata() or {}).get("metrics", "{}"), "metrics"), "metrics")
    except Damaged:
        return {}
    if any(not NAMES.fits(keys) for keys in keys_of.values()):
        return {}
    listed = {stored(name, key) for name, keys in keys_of.items() for key in keys}
    return keys_of if listed == set(content.keys()) else {}


def stored(metric: str, key: str) -> str:
    """Return the name of a tensor in the file. Our metrics share theirs, such as `mean`; those of users do not."""
    return f"{metric}/{key}" if ":" in metric else key
