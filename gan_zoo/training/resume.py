"""How a run starts: it is recorded in its directory, and goes on from a checkpoint or starts from other weights."""

import zipfile
from pathlib import Path
from typing import Any

from torch import Tensor

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.module import GenerativeModule
from gan_zoo.run import config as configuration
from gan_zoo.run import layout
from gan_zoo.run.directory import Run, now
from gan_zoo.run.environment import environment
from gan_zoo.training import loading

NEEDED = ("gan_zoo", "global_step", "epoch", "loops", "callbacks", "optimizer_states", "lr_schedulers")
"""What a checkpoint holds beside the weights, and a resumed run needs."""


def refuse_unlike(run: Run, config: dict[str, Any], max_steps: int) -> None:
    """Raise a `Mistake` if a run with this configuration cannot go on in the directory. Nothing is written.

    Args:
        run: The run whose directory this process has locked, or that is new.
        config: The resolved configuration, as plain values.
        max_steps: Number of steps to train in all; -1: no limit.

    Raises:
        Mistake: The directory holds a run of another configuration, a longer one, or one without its checkpoints.
    """
    refuse_lost(run)
    configuration.refuse_another(run, config)
    configuration.refuse_shorter(run, run.row()["step"] if run.last.exists() else 0, max_steps)


def refuse_lost(run: Run) -> None:
    """Raise a `Mistake` if a run had checkpoints and they are gone, since a new run would overwrite its results.

    Raises:
        Mistake: Says what to do.
    """
    if not run.has_checkpoint() and was_saved(run):
        raise Mistake(
            f"{run.path} holds the results of a run without its checkpoints, so that training would start again and "
            f"overwrite them: choose another --run, or remove it first by `gan-zoo runs rm {run.path}`."
        )


def was_saved(run: Run) -> bool:
    """Return whether a run has finished or written a checkpoint, by its record or, if that is damaged, by its files."""
    record = run.record()
    if "heartbeat" not in record:  # it is damaged, or not ours
        return any(layout.saved(run.path))
    return "checkpoint" in record or record.get("status") == "finished"


def begin(run: Run, config: dict[str, Any], facts: dict[str, Any]) -> None:
    """Lock the directory of a run whose training begins or goes on, and record what it is.

    Args:
        run: The run; its directory is made if it is new.
        config: The resolved configuration, as plain values.
        facts: Entries of run.json: the model, the data, the seed, the devices.

    Raises:
        Mistake: The directory cannot be written, or another process has begun a run in it meanwhile.
    """
    goes_on = run.is_held
    run.create()
    if not goes_on and run.has_begun():
        raise Mistake(f"Another process has trained in {run.path} meanwhile: the same command goes on from there.")
    start = run.record().get("start", now())
    run.update_record(status="running", **facts, start=start, end=None, error=None, **environment())
    run.write_config(config)


def latest(run: Run) -> tuple[Path | None, str]:
    """Return the checkpoint that `run` goes on from, None if it has none, and a message for the user, mostly "".

    Raises:
        Mistake: There are checkpoints, and none can be read. Nothing is changed.
    """
    reasons = []
    damage = run.damage() if run.exists() else ""
    note = f"{damage} Its damaged content is left out. " if damage else ""
    for file in (run.last, run.previous):
        if file.exists():
            try:
                refuse_damaged(file)
            except Mistake as mistake:
                reasons.append(shorten(str(mistake), 160))
            else:
                fallback = f"{reasons[0]} The run goes on from {file.name}, the one before." if reasons else ""
                return file, f"{note}{fallback}".strip()
    if reasons:
        raise Mistake(
            f"{reasons[0]} There is no whole one before it: choose another --run, or remove the run by "
            f"`gan-zoo runs rm {run.path}`."
        )
    if run.has_begun():
        note = f"{note}{run.path} ended before its first checkpoint: training starts again from step 0."
    return None, note.strip()


def refuse_damaged(file: Path) -> None:
    """Raise a `Mistake` unless a checkpoint is whole, byte by byte, and training can go on from it.

    Raises:
        Mistake: Says what is wrong.
    """
    content = loading.read_checkpoint(file)
    if missing := [name for name in NEEDED if name not in content]:
        raise Mistake(f"{file} holds no {missing[0]}, so training cannot go on from it.")
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()  # torch itself does not look at the check sums
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        damaged = str(error)
    if damaged:
        raise Mistake(f"{file} is damaged ({damaged}).")


def start_from(model: GenerativeModule, file: Path) -> str:
    """Load the weights of `file` that fit into `model`, and return a message that names the others.

    Args:
        model: A new model.
        file: A .ckpt (the whole model), a .safetensors (its generator), or a run's directory (its last checkpoint).

    Raises:
        Mistake: There is no such file, or nothing in it fits.
    """
    if file.is_dir():
        file = Run(file).last
    if not file.is_file():
        raise Mistake(
            f"There is no file {file} to start from: --init takes a run's directory, or a .ckpt or .safetensors file."
        )
    if file.suffix == ".safetensors":
        found = {f"generator.{name}": value for name, value in loading.read_tensors(file).items()}
    else:
        found = loading.read_checkpoint(file)["state_dict"]
    if model.average_half_life and not any(name.startswith("moving_average.") for name in found):
        ours = {name.partition(".")[2]: value for name, value in found.items() if name.startswith("generator.")}
        found |= {f"moving_average.{name}": value for name, value in ours.items()}  # starts where the generator does
    own = model.state_dict()
    tensors = {name: value for name, value in found.items() if isinstance(value, Tensor)}
    fits = {name: value for name, value in tensors.items() if name in own and own[name].shape == value.shape}
    if not fits:
        raise Mistake(
            shorten(f"Nothing in {file} fits {type(model).__name__}: it holds {', '.join(found) or 'nothing'}.")
        )
    model.load_state_dict(fits, strict=False)
    missing, left = sorted(own.keys() - fits.keys()), sorted(found.keys() - fits.keys())
    return f"{file}: {len(fits)} tensors loaded; missing: {missing or 'none'}; left over: {left or 'none'}"
