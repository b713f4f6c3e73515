"""Runs a function in several processes, one per GPU, or all on the CPU."""

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

MISTAKEN = 2  # exit code of a process that left the message of an error in a file


def spread(work: Callable[[Any], None], order: Any, devices: int) -> None:
    """Run `work(order)` in a group of `devices` processes, or in this process if `devices` is 1.

    Args:
        work: A function that can be pickled.
        order: Its argument.
        devices: Number of processes.

    Raises:
        Mistake: There are fewer GPUs than `devices`, or `work` raised it in one of the processes.
        RunFailed: `work` raised it in one of the processes, or a process ended without a message.
    """
    if torch.cuda.is_available() and devices > torch.cuda.device_count():
        raise Mistake(f"--devices is {devices}, and this machine has {torch.cuda.device_count()} GPUs: ask for fewer.")
    if devices == 1:
        work(order)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            spawn(_member, args=(work, order, devices, folder), nprocs=devices)
        except ProcessExitedException as error:
            mistakes, failures = (sorted(Path(folder).glob(f"{kind}_*")) for kind in ("mistake", "failure"))
            if mistakes:
                raise Mistake(mistakes[0].read_text()) from error
            if failures:
                raise RunFailed(failures[0].read_text()) from error
            raise RunFailed(f"One of {devices} processes ended without a message: {error}.") from error


def _member(rank: int, work: Callable[[Any], None], order: Any, devices: int, folder: str) -> None:
    """Run `work` as one process of the group."""
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(rank)
    elif "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(
            max(1, torch.get_num_threads() // devices)
        )  # more threads than cores slow each other down
    meeting = f"file://{folder}/meeting"
    dist.init_process_group("nccl" if gpu else "gloo", init_method=meeting, rank=rank, world_size=devices)
    try:
        work(order)
    except (Mistake, DataError, RunFailed) as error:
        kind = "failure" if isinstance(error, RunFailed) else "mistake"
        Path(folder, f"{kind}_{rank}").write_text(shorten(str(error), 2000))
        sys.stdout.flush()
        os._exit(MISTAKEN)  # without clean-up: the others wait for this one, and are ended with it
    dist.destroy_process_group()
