"""Draws what hardly any command takes: words, values, and damage to command lines and to YAML."""

import random
from collections.abc import Callable
from typing import Any

import yaml

Drawn = Callable[[random.Random], Any]
"""A function that draws a value."""
HOSTILE_NUMBERS = [
    *("-1", "0", "1", "2", "-0.0", "1e-400", "1e400", "nan", ".nan", "inf", "-inf", ".inf", "1_000", "0x1F", "٣"),
    *("1000000000000", "2147483648", "4294967296", "9223372036854775808", "1" + "0" * 30, "1.5"),
]
HOSTILE_TEXTS = [
    *(
        "",
        " ",
        "-",
        "--",
        "=",
        "*",
        "~",
        ".",
        "..",
        "null",
        "true",
        "[]",
        "{}",
        "[1",
        "{a: 1}",
        "[[1, 2], 3]",
        "[1, 2]",
    ),
    *("é\t\n", "a b", "\x1b[31m", "\ud83d\ude00", "x" * 300, "x" * 5000, "%s", "{split}", "$HOME", "a:b", "a.b", "0,1"),
    *("!!python/object:os.system x", "&a [*a]", "2001-99-99", "!!bool x", "? {}", "a: b: c", "'", "%", "@", "<<: 1"),
    *("GAN", "MNIST", "Tiny", "mnist/gan", "study", "fd", "lenet", "inception", "cpu", "gpu", "os.system"),
]
HOSTILE_PATHS = [
    *(
        "fifo",
        "loop",
        "circle",
        "dir",
        "empty",
        "text.txt",
        "bad.png",
        "good.png",
        "bomb.yaml",
        "good.yaml",
        "unread",
        "none",
    ),
    *("good.png/x", "dir/x/y/z", "/dev/zero", "/dev/full", "/dev/null/x", "x.zip", "bad.zip", "images", "trained"),
]


def hostile(draw: random.Random) -> str:
    """Return a word that few options take."""
    return draw.choice(draw.choice([HOSTILE_NUMBERS, HOSTILE_NUMBERS, HOSTILE_TEXTS, HOSTILE_PATHS]))


def damaged_words(draw: random.Random, words: list[str]) -> list[str]:
    """Return a command line with one word lost, doubled, swapped, misspelt or replaced by a hostile one."""
    words = list(words)
    at = draw.randrange(1, len(words)) if len(words) > 1 else 0
    match draw.randrange(8):
        case 0:
            del words[at]
        case 1:
            words.insert(at, words[at])
        case 2:
            other = draw.randrange(len(words))
            words[at], words[other] = words[other], words[at]
        case 3:
            cut = draw.randrange(len(words[at]) or 1)
            words[at] = words[at][:cut] + draw.choice("aZ9-_.=[{\t") + words[at][cut + 1 :]
        case 4:
            words.insert(at, hostile(draw))
        case _:
            values = [place for place in range(1, len(words)) if not words[place].startswith("-")]
            words[draw.choice(values or [at])] = hostile(draw)
    return words


def damaged_yaml(draw: random.Random, content: dict[str, Any], drawn: Drawn | None = None) -> bytes:
    """Return YAML with one or two of its values, keys or bytes changed. New values are `drawn`."""
    for _ in range(draw.choice([1, 1, 2])):
        damage_value(draw, content, drawn)
    text = yaml.safe_dump(content, sort_keys=False).encode("utf-8", "surrogatepass")
    match draw.randrange(6):
        case 0:
            return text[: draw.randrange(len(text))]
        case 1:
            at = draw.randrange(len(text))
            return text[:at] + bytes([draw.randrange(256)]) + text[at + 1 :]
        case 2:
            lines = text.splitlines(keepends=True)
            lines.insert(draw.randrange(len(lines)), draw.choice(lines))
            return b"".join(lines)
        case _:
            return text


def damage_value(draw: random.Random, content: Any, drawn: Drawn | None = None) -> None:
    """Change one value or key of a nested mapping. New values are `drawn`, and hostile to YAML by default."""
    places: list[tuple[Any, Any]] = []
    left: list[Any] = [content]
    while left:
        value = left.pop()
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in list(entries):
            places.append((value, key))
            left.append(inner)
    if not places:
        return
    holder, key = draw.choice(places)
    new = (drawn or yaml_value)(draw)
    match draw.randrange(6):
        case 0 if isinstance(holder, dict):
            holder[hashable(new)] = holder.pop(key)
        case 1:
            del holder[key]
        case 2 if isinstance(holder, dict):
            holder[hashable(new)] = new
        case 3:
            holder[key] = draw.choice([[], {}, [holder[key]], {"a": holder[key]}, [new, new]])
        case _:
            holder[key] = new


def hashable(value: Any) -> Any:
    """Return `value`, or its text if it cannot be a key."""
    return value if isinstance(value, str | int | float | None) else repr(value)


def yaml_value(draw: random.Random) -> Any:
    """Return a number, a text or null."""
    numbers = [-1, 0, 1, 2, 1.5, -0.0, 10**12, 2**31, 2**63, 10**30, float("nan"), float("inf"), None, True, False]
    return draw.choice(numbers) if draw.random() < 0.6 else hostile(draw)
