"""Read files that may come from anywhere: plain files only, no larger and no deeper than what a run writes.

A directory, a link, a pipe, a file of another encoding, a number that no run writes: each is refused in one line that
names the file and the place in it. `schemas.py` declares what the content must look like. Loads no torch.
"""

import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from datamodules import plain
from datamodules.errors import DataError
from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.run import yaml_text

MAX_BYTES = 16 << 20
"""Largest run.json, study.json and config.yaml, in bytes."""
MAX_LINE = 1 << 20
"""Longest line of a .jsonl file, in bytes. Longer lines are skipped like half-written ones."""
MAX_LINES = 1 << 30
"""Largest .jsonl file, in bytes."""
MAX_DEPTH = 40
"""Most lists and objects inside each other."""
MAX_DIGITS = 18
"""Most digits of a whole number: more do not fit 64 bits."""


class Damaged(Mistake):
    """A file that cannot be used. The message names the file, and the place in it."""


def open_plain(file: Path, follow: bool = False, most: int | None = None) -> BinaryIO:
    """Open a plain file for reading, without waiting for anything.

    Args:
        file: The path of the file.
        follow: Whether the file may be a link.
        most: Largest size in bytes; None: any.

    Raises:
        FileNotFoundError: There is no file.
        Damaged: It is something else, is larger, or cannot be read.
    """
    try:
        stream = plain.open_plain(file, follow)
    except DataError as error:
        raise Damaged(str(error)) from error
    size = os.fstat(stream.fileno()).st_size
    if most is not None and size > most:
        stream.close()
        raise Damaged(f"{file} has {size:,} bytes, and gan-zoo writes at most {most:,}: move it away.")
    return stream


def read_text(file: Path, most: int = MAX_BYTES, follow: bool = False) -> str:
    """Return the text of a file of at most `most` bytes, which may be a link if `follow`.

    Raises:
        FileNotFoundError: There is no file.
        Damaged: It is no plain file, is larger, or is not UTF-8.
    """
    with open_plain(file, follow, most) as stream:
        content = stream.read(most)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Damaged(f"{file} is not UTF-8 text: see its byte {error.start}.") from error


def read_json(file: Path) -> Any:
    """Return the value in a JSON file.

    Raises:
        FileNotFoundError: There is no file.
        Damaged: It cannot be read, or is not JSON.
    """
    return parse_json(read_text(file), str(file))


def parse_json(text: str, place: str) -> Any:
    """Return the value of a JSON text. NaN, Infinity and floats that are too large become None.

    Args:
        text: The text.
        place: What the text is called in messages.

    Raises:
        Damaged: It is not JSON, is nested too deeply, or holds a number or a character that cannot be used.
    """
    try:
        value = DECODER.decode(text.strip())
    except json.JSONDecodeError as error:
        message = f"{place} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        raise Damaged(shorten(message)) from error
    except (ValueError, RecursionError) as error:
        reason = "lists or objects are nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Damaged(f"{place} cannot be used: {reason}.") from error
    refuse_deep(value, text, place)
    return value


def refuse_deep(value: Any, text: str, place: str) -> None:
    """Raise `Damaged` if `value`, parsed from `text`, is nested too deeply or holds half a character."""
    if SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError) as error:
            raise Damaged(f"{place} cannot be used: it holds half a character (a lone surrogate).") from error
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in items(outer)]
    if level:
        raise Damaged(f"{place} cannot be used: lists or objects are nested too deeply.")


def items(value: dict[str, Any] | list[Any]) -> Iterator[Any]:
    """Return the values in an object or a list."""
    return iter(value.values() if isinstance(value, dict) else value)


def to_float(text: str) -> float | None:
    """Return the number that `text` states; None if it is too large."""
    value = float(text)
    return value if math.isfinite(value) else None


def to_int(text: str) -> int:
    """Return the whole number that `text` states.

    Raises:
        ValueError: It has too many digits.
    """
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise ValueError(f"a whole number has {len(text.lstrip('-'))} digits")
    return int(text)


DECODER = json.JSONDecoder(parse_float=to_float, parse_int=to_int, parse_constant=lambda _: None)
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_yaml(file: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, {} if it is empty.

    Raises:
        FileNotFoundError: There is no file.
        Damaged: It cannot be read, is not YAML, holds too much, or holds something else.
    """
    text = read_text(file)
    try:
        value = yaml_text.load(text, yaml_text.Plain)
    except yaml_text.TooLarge as error:
        raise Damaged(f"{file} was not written by gan-zoo: {error}.") from error
    except yaml.YAMLError as error:
        raise Damaged(shorten(f"{file} is not YAML: {error}")) from error
    if value is not None and not isinstance(value, dict):
        raise Damaged(f"{file} holds {shorten(repr(value), 40)}, and should hold options by name.")
    return value or {}
