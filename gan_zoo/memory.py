"""How much memory a piece of work takes, counted before it is done, and how much there is.

The work runs on torch's `meta` device, where tensors have shapes and no numbers: it takes no time and no memory, and
every tensor that it makes and drops is seen, those that a backward pass keeps among them.
"""

import copy
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gan_zoo.errors import Mistake

Network = TypeVar("Network", bound=nn.Module)

META = torch.device("meta")
SCRATCH = 1.25
"""What a process really takes, as a multiple of its tensors: convolutions need room of their own, and what is freed
is not given back at once. Measured: 1.1 to 1.2 (`tests/test_memory.py`)."""
GIGABYTE = 1e9


class _Counter(TorchDispatchMode):
    """Within the block, counts the bytes of all tensors that operations return, until they are gone."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._counted: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for value in tree_leaves(made):
            if isinstance(value, Tensor):
                self._count(value.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key not in self._counted:  # else a view of what is counted, or the same tensor changed in place
            self._counted.add(key)
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._free, key, size)

    def _free(self, key: int, size: int) -> None:
        self._counted.discard(key)
        self.now -= size


def on_meta(network: Network) -> Network:
    """Return a copy of `network` whose weights and buffers have shapes alone, without copying their numbers."""
    memo: dict[int, Any] = {}
    for tensor in (*network.parameters(), *network.buffers()):
        shape = tensor.detach().to(META)
        memo[id(tensor)] = nn.Parameter(shape, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else shape
    return copy.deepcopy(network, memo)


def peak(work: Callable[[], Any]) -> int:
    """Return the most bytes that the tensors made by `work` take at one time.

    Args:
        work: makes all of its tensors on `META`, its inputs among them; networks are copied there by `on_meta`.
    """
    with _Counter() as counter:
        work()
    return counter.most


def available(root: Path = Path("/")) -> int | None:
    """Return the bytes that this process can still take; None where the system does not tell.

    On Linux that is what the kernel estimates, or what the process's container has left if that is less.

    Args:
        root: of the file system that is read.
    """
    found = [_left_in_machine(root / "proc/meminfo"), *_left_in_containers(root / "sys/fs/cgroup")]
    known = [value for value in found if value is not None]
    return min(known, default=None)


def _left_in_machine(meminfo: Path) -> int | None:
    if not meminfo.is_file():
        return None
    fields = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 1024


def _left_in_containers(cgroup: Path) -> list[int]:
    """The limit less what is used, by the two versions of control groups; pages of files that can be dropped are free.

    Within a container its own group is the root of what it sees.
    """
    left = []
    for folder, limit, used, droppable in (
        (cgroup, "memory.max", "memory.current", "inactive_file"),
        (cgroup / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        if all(os.access(folder / name, os.R_OK) for name in (limit, used, "memory.stat")):
            most = (folder / limit).read_text().strip()
            fields = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            if most != "max":
                left.append(int(most) - int((folder / used).read_text()) + int(fields.get(droppable, 0)))
    return left


def refuse_beyond(needed: int, allowed: float | None, what: str, instead: str) -> None:
    """Stop before work starts that would not fit into memory.

    Args:
        needed: Bytes of tensors, as `peak` counts them.
        allowed: Gigabytes that the user says may be used; None: what is available now.
        what: What is to be done, as the message's subject.
        instead: What to do about it.

    Raises:
        Mistake: Says how much is needed and how much there is.
    """
    there = available() if allowed is None else int(allowed * GIGABYTE)
    wanted = int(needed * SCRATCH)
    if there is not None and wanted > there:
        raise Mistake(
            f"{what} would take about {wanted / GIGABYTE:.2g} GB of memory, and {max(there, 0) / GIGABYTE:.2g} GB "
            f"{'are free' if allowed is None else 'are allowed by --memory'}: {instead}."
        )
