"""Damages files of every kind that a command reads, as a disk, a clumsy hand or a stranger would.

A file is damaged either without regard to what it holds, or in one of its values, so that it still parses.
"""

import csv
import io
import json
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from tests.drivers.damage import HOSTILE_NUMBERS, HOSTILE_TEXTS, damage_value, damaged_yaml, yaml_value

DEEP = 3000
"""Lists inside one another: more than Python's parsers go down."""


def damage_file(draw: random.Random, file: Path) -> str:
    """Damage `file`, and return what was done in a few words."""
    kinds = [replaced_by_another_kind, *[damaged_bytes] * 3]
    if inside := INSIDE.get(file.suffix):
        kinds += [lambda draw, file: damaged_inside(inside, draw, file)] * 8
    return draw.choice(kinds)(draw, file)


def damaged_inside(change: Callable[[random.Random, bytes], bytes], draw: random.Random, file: Path) -> str:
    """Change a value in `file`. Return what was done."""
    file.write_bytes(change(draw, file.read_bytes()))
    return f"a value of {file.name}"


def replaced_by_another_kind(draw: random.Random, file: Path) -> str:
    """Put something else in the place of `file`. Return what was done."""
    content = file.read_bytes()
    file.unlink()
    match kind := draw.choice(["nothing", "folder", "pipe", "device", "loop", "link", "unread"]):
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case "device":
            file.symlink_to("/dev/zero")
        case "loop":
            file.symlink_to(file.name)
        case "link":
            other = file.with_name("elsewhere")
            other.write_bytes(content)
            file.symlink_to(other.name)
        case "unread":
            file.write_bytes(content)
            file.chmod(0)
        case _:
            pass
    return f"{kind} in place of {file.name}"


def damaged_bytes(draw: random.Random, file: Path) -> str:
    """Damage the bytes of `file`, whatever they mean. Return what was done."""
    content = file.read_bytes()
    at = draw.randrange(len(content) + 1)
    end = min(len(content), at + draw.choice([1, 2, 8, 512]))
    kind, new = draw.choice(
        [
            ("cut", content[:at]),
            ("cut at the start", content[at:]),
            ("zeros", content[:at] + bytes(end - at) + content[end:]),
            ("ones", content[:at] + b"\xff" * (end - at) + content[end:]),
            ("noise", content[:at] + draw.randbytes(end - at) + content[end:]),
            ("lost", content[:at] + content[end:]),
            ("doubled", content + content),
            ("appended", content + draw.randbytes(40)),
            ("empty", b""),
            ("UTF-16", content.decode("latin-1").encode("utf-16")),
            ("a mark at the start", b"\xef\xbb\xbf" + content),
            ("deep", b"[" * DEEP + content),
        ]
    )
    file.write_bytes(new)
    return f"{kind} in {file.name}"


def damaged_json(draw: random.Random, content: bytes) -> bytes:
    """Return JSON with a value changed."""
    value = json.loads(content)
    damage_value(draw, value, surprise)
    return json.dumps(value, default=repr, skipkeys=True).encode()


def damaged_lines(draw: random.Random, content: bytes) -> bytes:
    """Return lines of JSON: one is changed, doubled, moved, lost or joined with the next."""
    lines = content.splitlines() or [b"{}"]
    at = draw.randrange(len(lines))
    match draw.randrange(6):
        case 0:
            lines.insert(draw.randrange(len(lines)), lines[at])
        case 1:
            lines.insert(0, lines.pop(at))
        case 2:
            lines[at] = b"".join(lines[at : at + 2])
        case _:
            lines[at] = damaged_json(draw, lines[at])
    return b"\n".join(lines) + b"\n"


def damaged_checkpoint(draw: random.Random, content: bytes) -> bytes:
    """Return a checkpoint of torch with a value or a tensor changed."""
    value = torch.load(io.BytesIO(content), weights_only=True)
    damage_value(draw, value, lambda draw: surprise(draw) if draw.random() < 0.6 else draw.choice(TENSORS)())
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def damaged_safetensors(draw: random.Random, content: bytes) -> bytes:
    """Return a .safetensors file with a value of its header changed."""
    (length,) = struct.unpack("<Q", content[:8])
    header, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
    about = header.get("__metadata__", {})
    inner = {name: text for name, text in about.items() if text[:1] in "{["}
    if inner and draw.random() < 0.5:
        name = draw.choice(sorted(inner))
        about[name] = damaged_json(draw, about[name].encode()).decode()
    else:
        damage_value(draw, header, surprise)
    text = json.dumps(header, default=repr, skipkeys=True).encode()
    stated = draw.choice([len(text)] * 8 + [0, len(text) + 1, 1 << 40, (1 << 64) - 1])
    return struct.pack("<Q", stated) + text + rest


def damaged_arrays(draw: random.Random, content: bytes) -> bytes:
    """Return an .npz with an array changed, lost or renamed."""
    with np.load(io.BytesIO(content), allow_pickle=True) as arrays:
        values = {name: arrays[name] for name in arrays.files}
    name = draw.choice(sorted(values))
    array = np.atleast_1d(values[name])
    spoilt = array.astype(np.float64).copy() if array.dtype.kind in "fiu" else array
    if spoilt.size and spoilt.dtype.kind == "f":
        spoilt.flat[draw.randrange(spoilt.size)] = draw.choice([np.nan, np.inf, -np.inf, -1e6, 1e300, -1.0])
    values[name] = draw.choice(
        [
            spoilt,
            array[..., :0],
            array[:1],
            array.astype(str),
            array.reshape(-1),
            array[None],
            array.astype(complex) if array.dtype.kind in "fiu" else array,
            np.asfortranarray(array),
            -spoilt if spoilt.dtype.kind == "f" else spoilt,
            np.array([{}, print], object),
            np.float64(3),
        ]
    )
    if draw.random() < 0.2:
        values[draw.choice(["x", "arr_0", "mu", "../x", ""])] = values.pop(name)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=True, **values)
    return stream.getvalue()


def damaged_table(draw: random.Random, content: bytes) -> bytes:
    """Return a CSV with a cell, a column or a row changed."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    row = draw.choice(rows)
    word = draw.choice(["", "2", "-1", *draw.choice([HOSTILE_NUMBERS, HOSTILE_TEXTS, ["../x", "/etc/passwd", "a,b"]])])
    match draw.randrange(6):
        case 0:
            row.append(word)
        case 1:
            row.pop()
        case 2:
            rows.append(row)
        case 3:
            rows.remove(row)
        case _:
            row[draw.randrange(len(row))] = word
    return "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass") + b"\n"


def damaged_png(draw: random.Random, content: bytes) -> bytes:
    """Return a PNG whose header states another size or kind, with a checksum that is right."""
    if content[:4] != b"\x89PNG":
        return content
    fields = list(struct.unpack(">IIBBBBB", content[16:29]))
    fields[draw.randrange(7)] = draw.choice([0, 1, 2, 3, 4, 6, 7, 8, 16, 255])
    if draw.random() < 0.5:
        fields[draw.randrange(2)] = draw.choice([0, 1, 100_000, 2**31 - 1, 2**32 - 1])
    header = b"IHDR" + struct.pack(">IIBBBBB", *fields)
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def damaged_zip(draw: random.Random, content: bytes) -> bytes:
    """Return a zip with an entry renamed, doubled, encrypted by its flag, or of another stated size."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        entries = old.infolist()
        chosen = draw.randrange(len(entries))
        for number, entry in enumerate(entries):
            name = entry.filename
            if number == chosen:
                name = draw.choice(ENTRIES)
            new.writestr(name, old.read(entry))
    whole = bytearray(stream.getvalue())
    if (at := whole.rfind(b"PK\x01\x02")) >= 0 and draw.random() < 0.6:
        offset, size = draw.choice([(8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (42, 4)])
        whole[at + offset : at + offset + size] = draw.choice([bytes(size), b"\xff" * size, draw.randbytes(size)])
    return bytes(whole)


def surprise(draw: random.Random) -> Any:
    """Return a value that hardly any file holds there."""
    choices: list[Any] = [[], {}, [[]], "", "../../x", "/etc/passwd", "\x1b[31m", "\ud800", "<b>", "=1+1", "x" * 3000]
    return draw.choice([yaml_value(draw), draw.choice(choices), float("nan"), -(10**30), 10**400, 1e308])


TENSORS: list[Callable[[], torch.Tensor]] = [
    lambda: torch.zeros(0),
    lambda: torch.tensor(float("nan")),
    lambda: torch.ones(3, 3, dtype=torch.int64),
    lambda: torch.full((8, 4), float("inf")),
    lambda: torch.ones(1).expand(1 << 40),
    lambda: torch.ones(8, dtype=torch.complex64),
]
ENTRIES = [
    "../x.png",
    "/tmp/x.png",
    "a/" * 200 + "x.png",
    "a\\b.png",
    "x\x00.png",
    "a/0.png",
    "b/1.png",
    " .png",
    ".png",
]
"""Names in a zip."""
INSIDE: dict[str, Callable[[random.Random, bytes], bytes]] = {
    ".json": damaged_json,
    ".jsonl": damaged_lines,
    ".yaml": lambda draw, content: damaged_yaml(draw, yaml.safe_load(content), surprise),
    ".ckpt": damaged_checkpoint,
    ".safetensors": damaged_safetensors,
    ".npz": damaged_arrays,
    ".csv": damaged_table,
    ".png": damaged_png,
    ".zip": damaged_zip,
}
"""How to change a value in a file, by its suffix."""
