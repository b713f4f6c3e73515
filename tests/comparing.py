"""Compares everything that two runs wrote, except clocks and rates."""

from pathlib import Path
from typing import Any

import torch

from gan_zoo.run import layout
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines


def checkpoint(file: Path) -> dict[str, Any]:
    """Return the content of a checkpoint without its clocks."""
    content = torch.load(file, weights_only=True)
    for state in content["callbacks"].values():
        for clock in ("seconds", "spent", "cost"):
            state.pop(clock, None)
    parts = ("state_dict", "optimizer_states", "lr_schedulers", "gan_zoo", "callbacks", "global_step")
    return {name: content[name] for name in parts}


def records(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a .jsonl file without seconds and rates."""
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines(file)]


def same(a: Any, b: Any) -> bool:
    """Return whether two nested structures of plain values and tensors are equal to the last bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def differences(first: Path, second: Path) -> list[str]:
    """Return the names of the files that differ between two run directories."""
    a, b = Run(first), Run(second)
    names = [f.name for f in (a.metrics_file, a.evaluations_file) if records(f) != records(second / f.name)]
    for mine, theirs in ((a.last, b.last), (a.best, b.best)):
        if mine.exists() != theirs.exists() or (mine.exists() and not same(checkpoint(mine), checkpoint(theirs))):
            names.append(mine.name)
    for pattern in ("images/*", "checkpoints/*.safetensors", "model.safetensors"):
        mine, theirs = ({file.name: file.read_bytes() for file in run.path.glob(pattern)} for run in (a, b))
        names += [name for name in sorted({**mine, **theirs}) if mine.get(name) != theirs.get(name)]
    return names


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below `folder` by its path; for a link, the path that it names."""
    files = layout.files(folder)
    return {place: bytes(file.readlink()) if file.is_symlink() else file.read_bytes() for place, file in files}
