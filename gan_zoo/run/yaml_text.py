"""Reads YAML of any origin: what it would grow to is bounded before anything is built from it.

Loads no torch.
"""

import re
from collections import Counter
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

BYTES = 1_000_000
"""Size of a file, or of a value on the command line. Names of 21,000 classes take 400 kB."""
NODES = 100_000
"""Number of values, counting those that an alias repeats."""
DEPTH = 50
"""Number of values inside one another."""
DIGITS = 40
"""Length of a number; Python takes quadratic time for long ones, and refuses those of more than 4,300 digits."""
NUMBER = re.compile(r"[-+]?(0x[\da-fA-F_]*|[\d_:.]*)")
Plain: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""YAML as `yaml.safe_dump` writes it: a run's config.yaml."""


class TooLarge(yaml.YAMLError):
    """YAML that is larger, deeper or longer than allowed, or that contains itself."""


class Loader(Plain):
    """YAML as jsonargparse reads it (`1e-4` is a number), but a key that comes twice is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        name, count = next(iter(Counter(keys).most_common(1)), ("", 0))
        if count > 1:
            raise yaml.constructor.ConstructorError(None, None, f"{name} comes twice", node.start_mark)
        return super().construct_mapping(node, deep)


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d[\d_]*(\.[\d_]*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read(path: Path, loader: Any = Loader) -> Any:
    """Return what a YAML file holds.

    Args:
        path: The file.
        loader: `Loader` for what a user wrote, `Plain` for what we wrote.

    Raises:
        OSError: The file cannot be read.
        yaml.YAMLError: It is not YAML, or too large.
    """
    with open(path, "rb") as stream:
        content = stream.read(BYTES + 1)
    try:
        return load(content.decode(), loader)
    except UnicodeDecodeError as error:
        if len(content) > BYTES:
            raise TooLarge(f"it has more than {BYTES:,} bytes") from error
        raise yaml.YAMLError(str(error)) from error


def load(text: str, loader: Any = Loader) -> Any:
    """Return the value that a YAML text states.

    Raises:
        yaml.YAMLError: It is not YAML, or too large.
    """
    refuse_too_large(text)
    try:
        return yaml.load(text, loader)
    except yaml.YAMLError:
        raise
    except Exception as error:  # PyYAML raises many kinds of errors for values such as `2001-99-99` or `!!bool x`
        raise yaml.YAMLError(f"it holds a value that cannot be read: {error}") from error


class _Extent(NamedTuple):
    """How much a value holds, with what its aliases repeat."""

    nodes: int
    depth: int


def refuse_too_large(text: str) -> None:
    """Raise unless a YAML text stays within the bounds, also when its aliases are replaced by what they repeat.

    Raises:
        TooLarge: It does not.
        yaml.YAMLError: It is not YAML.
    """
    if len(text) > BYTES:
        raise TooLarge(f"it has more than {BYTES:,} characters")
    anchors: dict[str, _Extent] = {}
    open_values: list[tuple[str | None, _Extent]] = [(None, _Extent(0, 0))]  # the outermost is the file itself
    for event in yaml.parse(text, Plain):
        match event:
            case yaml.ScalarEvent():
                if event.implicit[0] and len(event.value) > DIGITS and NUMBER.fullmatch(event.value):
                    raise TooLarge(f"it holds a number of more than {DIGITS} digits")
                if event.value != text:  # jsonargparse reads text as YAML once more
                    refuse_large_value(event.value)
                _close(event.anchor, _Extent(1, 1), anchors, open_values)
            case yaml.AliasEvent():
                if event.anchor in [anchor for anchor, _ in open_values]:
                    raise TooLarge(f"the value &{event.anchor} contains itself")
                _close(None, anchors.get(event.anchor, _Extent(1, 1)), anchors, open_values)
            case yaml.CollectionStartEvent():
                open_values.append((event.anchor, _Extent(1, 1)))
            case yaml.CollectionEndEvent():
                _close(*open_values.pop(), anchors, open_values)
        if len(open_values) > DEPTH:
            raise TooLarge(f"more than {DEPTH} values are inside one another")


def refuse_large_value(word: str) -> None:
    """Raise if a word, read as YAML, would be too large. Words that are no YAML are text, of any length within reason.

    Raises:
        TooLarge: It is.
    """
    if "*" in word or len(word) > DIGITS:
        try:
            refuse_too_large(word)
        except TooLarge:
            raise
        except yaml.YAMLError:
            return


def _close(
    anchor: str | None, extent: _Extent, anchors: dict[str, _Extent], open_values: list[tuple[str | None, _Extent]]
) -> None:
    """Add the extent of a value that has been read to the value that holds it."""
    if anchor:
        anchors[anchor] = extent
    name, outer = open_values[-1]
    total = _Extent(outer.nodes + extent.nodes, max(outer.depth, 1 + extent.depth))
    open_values[-1] = (name, total)
    if total.nodes > NODES:
        raise TooLarge(f"it holds more than {NODES:,} values")
    if total.depth + len(open_values) - 1 > DEPTH:
        raise TooLarge(f"more than {DEPTH} values are inside one another")
