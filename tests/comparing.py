"""Whether two runs are equal: all that they wrote, but for clocks and rates."""

from pathlib import Path
from typing import Any

import torch

from gan_zoo.run import layout
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines


def checkpoint(file: Path) -> dict[str, Any]:
    """What a checkpoint holds but for clocks."""
    content = torch.load(file, weights_only=True)
    for state in content["callbacks"].values():
        for clock in ("seconds", "spent", "cost"):
            state.pop(clock, None)
    parts = ("state_dict", "optimizer_states", "lr_schedulers", "gan_zoo", "callbacks", "global_step")
    return {name: content[name] for name in parts}


def records(file: Path) -> list[dict[str, Any]]:
    """The lines of a .jsonl file but for seconds and rates."""
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines(file)]


def same(a: Any, b: Any) -> bool:
    """Whether two nests of plain values and tensors are equal to the last bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def differences(one: Path, other: Path) -> list[str]:
    """What of two runs' directories is not equal, by name; empty: nothing."""
    a, b = Run(one), Run(other)
    found = [f.name for f in (a.metrics_file, a.evaluations_file) if records(f) != records(other / f.name)]
    for mine, theirs in ((a.last, b.last), (a.best, b.best)):
        if mine.exists() != theirs.exists() or (mine.exists() and not same(checkpoint(mine), checkpoint(theirs))):
            found.append(mine.name)
    for pattern in ("images/*", "checkpoints/*.safetensors", "model.safetensors"):
        mine, theirs = ({file.name: file.read_bytes() for file in run.path.glob(pattern)} for run in (a, b))
        found += [name for name in sorted({**mine, **theirs}) if mine.get(name) != theirs.get(name)]
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """The content of every file below `folder`, by its path; of a link, what it names."""
    files = layout.files(folder)
    return {place: bytes(file.readlink()) if file.is_symlink() else file.read_bytes() for place, file in files}
