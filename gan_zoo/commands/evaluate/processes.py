"""One piece of work on several processes, one a GPU, or on the CPU."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import ProcessExitedException, spawn

from datamodules.errors import DataError
from gan_zoo.errors import Mistake, RunFailed
from gan_zoo.lookup import shorten

MISTAKEN = 2  # exit code of a process that wrote down what the user should do


def spread(work: Callable[[Any], None], order: Any, devices: int) -> None:
    """`work(order)` on `devices` processes that make one group; one runs here.

    Raises:
        Mistake: fewer GPUs than `devices`, or one that `work` raised on any of them.
        RunFailed: a process ended otherwise.
    """
    if torch.cuda.is_available() and devices > torch.cuda.device_count():
        raise Mistake(f"--devices is {devices}: this machine has {torch.cuda.device_count()} GPUs.")
    if devices == 1:
        work(order)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            spawn(_member, args=(work, order, devices, folder), nprocs=devices)
        except ProcessExitedException as error:
            said = sorted(Path(folder).glob("mistake_*"))
            if not said:
                raise RunFailed(f"A process of {devices} ended without a word: {error}.") from error
            raise Mistake(said[0].read_text()) from error


def _member(rank: int, work: Callable[[Any], None], order: Any, devices: int, folder: str) -> None:
    """One process of the group."""
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(rank)
    elif "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() // devices))  # or threads wait for threads
    meeting = f"file://{folder}/meeting"
    dist.init_process_group("nccl" if gpu else "gloo", init_method=meeting, rank=rank, world_size=devices)
    try:
        work(order)
    except (Mistake, DataError) as mistake:
        Path(folder, f"mistake_{rank}").write_text(shorten(str(mistake), 2000))
        sys.stdout.flush()
        os._exit(MISTAKEN)  # at once: the others wait in an exchange, and are ended with this one
    dist.destroy_process_group()
