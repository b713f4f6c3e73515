"""How much memory a computation will take, and how much is available.

The computation runs on torch's `meta` device, where tensors have shapes but no values. This takes no memory and hardly
any time, and counts every tensor while it lives, also those that are kept for the backward pass.
"""

import copy
import math
import os
import resource
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gan_zoo.errors import Mistake

Network = TypeVar("Network", bound=nn.Module)

META = torch.device("meta")
SCRATCH = 1.25
"""Memory of a process as a multiple of its tensors: convolutions need scratch space, and freed memory is not returned
at once. Measured: 1.1 to 1.2 (`tests/test_memory.py`)."""
GIGABYTE = 1e9
FACTORIES = (torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full)
"""Functions that make the weights and buffers of networks, from a shape."""
SMALL = 1 << 24
"""Bytes of a tensor up to which nobody looks whether there is room for it."""
TENSORS = 100_000
"""Number of tensors that a network may have: one of a thousand layers has a few thousand."""


class _Counter(TorchDispatchMode):
    """Within the block, counts the bytes of all living tensors that operations have returned."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._counted: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                self._count(value.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key not in self._counted:  # else it is a view of a counted tensor, or a tensor changed in place
            self._counted.add(key)
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self._free, key, size)

    def _free(self, key: int, size: int) -> None:
        self._counted.discard(key)
        self.now -= size


class _Guard(TorchFunctionMode):
    """Within the block, raises a `Mistake` before a tensor is made for which there is no room."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__()
        self.what, self.instead, self.made = what, instead, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in FACTORIES and kwargs.get("device") != META:
            self._refuse(_shape(args, kwargs), kwargs.get("dtype") or torch.get_default_dtype())
        return func(*args, **kwargs)

    def _refuse(self, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        self.made += 1
        if self.made > TENSORS:
            raise Mistake(f"{self.what} has more than {TENSORS:,} tensors: {self.instead}.")
        size = math.prod(shape) * dtype.itemsize
        if size > SMALL and (free := available()) is not None and size > free:
            sides = " x ".join(str(side) for side in shape)
            raise Mistake(
                f"{self.what} has a tensor of {sides} numbers, which takes {size / GIGABYTE:.3g} GB, and "
                f"{max(free, 0) / GIGABYTE:.2g} GB of memory are free: {self.instead}."
            )


def _shape(args: Any, kwargs: Any) -> tuple[int, ...]:
    """Return the shape in the arguments of one of `FACTORIES`, which is a sequence or is spelt out."""
    first = args[0] if args else kwargs.get("size", ())
    sides = tuple(first) if isinstance(first, tuple | list) else args
    return tuple(side for side in sides if isinstance(side, int) and side >= 0)


@contextmanager
def guarded(what: str, instead: str) -> Iterator[None]:
    """Raise a `Mistake` when the block is about to make a tensor for which there is no room, or too many of them.

    Args:
        what: What is made, as the subject of the message.
        instead: What the user can do instead, as the end of the message.
    """
    with _Guard(what, instead):
        yield


def on_meta(network: Network) -> Network:
    """Return a copy of `network` on the `meta` device, without copying the values of its weights and buffers."""
    memo: dict[int, Any] = {}
    for tensor in (*network.parameters(), *network.buffers()):
        shape = tensor.detach().to(META)
        memo[id(tensor)] = nn.Parameter(shape, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else shape
    return copy.deepcopy(network, memo)


def peak(work: Callable[[], Any]) -> int:
    """Return the largest number of bytes that the tensors of `work` take at one time.

    Args:
        work: The computation. It makes all tensors on `META`, also its inputs; `on_meta` copies networks there.
    """
    with _Counter() as counter:
        work()
    return counter.most


def available(root: Path = Path("/")) -> int | None:
    """Return the bytes that this process can still allocate, or None if the system does not say.

    On Linux this is the kernel's estimate, or what the container or `ulimit -v` leaves to the process if that is less.

    Args:
        root: Root of the file system in which the kernel's files are read.
    """
    limits = [_left_in_machine(root / "proc/meminfo"), *_left_in_containers(root / "sys/fs/cgroup")]
    limits.append(_left_in_process(root / "proc/self/statm"))
    return min((limit for limit in limits if limit is not None), default=None)


def _left_in_process(statm: Path) -> int | None:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY or not statm.is_file():
        return None
    return limit - int(statm.read_text().split()[0]) * resource.getpagesize()


def _left_in_machine(meminfo: Path) -> int | None:
    if not meminfo.is_file():
        return None
    fields = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 1024


def _left_in_containers(cgroup: Path) -> list[int]:
    """Return what is left of the limits of both versions of control groups. Cached file pages count as free."""
    # Inside a container, its own control group appears as the root.
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
    """Raise a `Mistake` if a computation would not fit into memory.

    Args:
        needed: Bytes of tensors, as `peak` counts them.
        allowed: Gigabytes that the user allows; None: as much as is available now.
        what: The computation, as the subject of the message.
        instead: What the user can do instead, as the end of the message.

    Raises:
        Mistake: The memory does not suffice. The message says how much is needed and how much there is.
    """
    limit = available() if allowed is None else int(allowed * GIGABYTE)
    total = int(needed * SCRATCH)
    if limit is not None and total > limit:
        raise Mistake(
            f"{what} would take about {total / GIGABYTE:.2g} GB of memory, and {max(limit, 0) / GIGABYTE:.2g} GB "
            f"{'are free' if allowed is None else 'are allowed by --memory'}: {instead}."
        )
