"""How a run starts: registered in its directory, from its last whole checkpoint or from the weights of another."""

import zipfile
from pathlib import Path
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.module import GenerativeModule
from gan_zoo.run import config as configuration
from gan_zoo.run.directory import Run, now
from gan_zoo.run.environment import environment
from gan_zoo.training import loading


def refuse_unlike(run: Run, config: dict[str, Any], max_steps: int) -> None:
    """Stop unless a run that was started with `config` can go on in the directory. Nothing is written.

    Args:
        run: the run whose directory this process holds, or that is new.
        config: the resolved configuration, as plain values.
        max_steps: the number of steps to train in all; -1: no bound.

    Raises:
        Mistake: the directory holds a run of another configuration, a longer one, or one without its checkpoints.
    """
    refuse_lost(run)
    configuration.refuse_another(run, config)
    configuration.refuse_shorter(run, run.row()["step"] if run.last.exists() else 0, max_steps)


def refuse_lost(run: Run) -> None:
    """Stop where a run was finished or saved, and its checkpoints are gone: a new one would overwrite the rest.

    Raises:
        Mistake: says what to do.
    """
    record = run.record()
    if not run.has_checkpoint() and ("checkpoint" in record or record.get("status") == "finished"):
        raise Mistake(
            f"{run.path} holds the results of a run without its checkpoints, so that training would start again and "
            f"overwrite them: choose another --run, or remove it first by `gan-zoo runs rm {run.path}`."
        )


def begin(run: Run, config: dict[str, Any], facts: dict[str, Any]) -> None:
    """Take the directory for a run that truly begins, or goes on, and write down what it is.

    Args:
        run: the run; its directory is made if it is new.
        config: the resolved configuration, as plain values.
        facts: entries of run.json: the model, the data, the seed, the devices.

    Raises:
        Mistake: the directory cannot be written, or another process has begun a run in it meanwhile.
    """
    goes_on = run.is_held
    run.create()
    if not goes_on and run.has_begun():
        raise Mistake(f"Another process has trained in {run.path} meanwhile: the same command goes on from there.")
    start = run.record().get("start", now())
    run.update_record(status="running", **facts, start=start, end=None, error=None, **environment())
    run.write_config(config)


def latest(run: Run) -> tuple[Path | None, str]:
    """The checkpoint that `run` goes on from, None if it has none, and what is to be said of it, "" mostly.

    Raises:
        Mistake: there are checkpoints, and none can be read: nothing is touched.
    """
    reasons = []
    for file in (run.last, run.previous):
        if file.exists():
            try:
                refuse_damaged(file)
            except Mistake as mistake:
                reasons.append(shorten(str(mistake), 160))
            else:
                return file, f"{reasons[0]} The run goes on from {file.name}, the one before." if reasons else ""
    if reasons:
        raise Mistake(
            f"{reasons[0]} There is no whole one before it: choose another --run, or remove the run by "
            f"`gan-zoo runs rm {run.path}`."
        )
    return None, ""


def refuse_damaged(file: Path) -> None:
    """Stop unless every byte of a checkpoint is as it was written, and nothing of it would be executed.

    Raises:
        Mistake: says what is wrong.
    """
    loading.read_checkpoint(file)
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()  # torch itself does not look at the check sums
    except zipfile.BadZipFile as error:
        damaged = str(error)
    if damaged:
        raise Mistake(f"{file} is damaged ({damaged}).")


def start_from(model: GenerativeModule, file: Path) -> str:
    """Give `model` the weights of `file` that fit, and say which did not.

    Args:
        model: newly made.
        file: a .ckpt (the whole model) or a .safetensors (its generator).

    Raises:
        Mistake: no such file, or nothing in it fits.
    """
    if not file.is_file():
        raise Mistake(f"There is no file {file} to start from: --init takes a .ckpt or .safetensors file.")
    if file.suffix == ".safetensors":
        found = {f"generator.{name}": value for name, value in loading.read_tensors(file).items()}
    else:
        found = loading.read_checkpoint(file)["state_dict"]
    if model.average_half_life and not any(name.startswith("moving_average.") for name in found):
        ours = {name.partition(".")[2]: value for name, value in found.items() if name.startswith("generator.")}
        found |= {f"moving_average.{name}": value for name, value in ours.items()}  # starts where the generator does
    own = model.state_dict()
    fits = {name: value for name, value in found.items() if name in own and own[name].shape == value.shape}
    if not fits:
        raise Mistake(
            shorten(f"Nothing in {file} fits {type(model).__name__}: it holds {', '.join(found) or 'nothing'}.")
        )
    model.load_state_dict(fits, strict=False)
    missing, left = sorted(own.keys() - fits.keys()), sorted(found.keys() - fits.keys())
    return f"{file}: {len(fits)} tensors loaded; missing: {missing or 'none'}; left over: {left or 'none'}"
