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


def register(run: Run, config: dict[str, Any], max_steps: int, facts: dict[str, Any]) -> None:
    """Compare `config` with what the directory holds, and note what is about to run there.

    Args:
        run: whose directory this process holds.
        config: resolved, as plain values.
        max_steps: that are asked for; -1: no bound.
        facts: entries of run.json: the model, the data, the seed, the devices.

    Raises:
        Mistake: the directory holds a run of another configuration, or a longer one.
    """
    configuration.refuse_another(run, config)
    configuration.refuse_shorter(run, run.row()["step"] if run.last.exists() else 0, max_steps)
    run.write_config(config)
    start = run.record().get("start", now())
    run.update_record(status="running", **facts, start=start, end=None, error=None, **environment())


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
            f"{reasons[0]} There is no whole one before it: choose another --run, or delete {run.checkpoints}."
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
