"""Chooses the checkpoints of a run that are scored, and loads them."""

from dataclasses import dataclass
from pathlib import Path

from gan_zoo.commands.evaluate.options import Order
from gan_zoo.errors import Mistake
from gan_zoo.models.stargan import StarGAN
from gan_zoo.module import GenerativeModule
from gan_zoo.run.directory import Run
from gan_zoo.training import loading


@dataclass(frozen=True)
class Checkpoint:
    """A file that holds the model of a run at one step."""

    run: Run
    file: Path
    step: int


def runs_at(path: str) -> list[Run]:
    """Return the run at `path`, or all runs below it that have a model.

    Raises:
        Mistake: There is no run.
    """
    if Run(path).config_file.exists():
        return [Run(path)]
    below = sorted({file.parent for file in Path(path).rglob("config.yaml")}) if Path(path).is_dir() else []
    runs = [Run(folder) for folder in below if Run(folder).model_file.exists()]
    if not runs:
        raise Mistake(
            f"{path} is not a run's directory: it has no config.yaml, and no run below it has a model, so name another."
        )
    return runs


def checkpoints(run: Run, order: Order) -> list[Checkpoint]:
    """Return the checkpoints of `run` that the order requests, the earliest first.

    Raises:
        Mistake: There is none, or it does not hold the requested weights.
    """
    if order.checkpoints == "best":
        return [whole(run, run.best)]
    if order.raw and loading.metadata(existing(run.model_file))["weights"] == "averaged":
        if order.checkpoints == "all":
            raise Mistake(
                f"--raw: the earlier checkpoints of {run.path} hold only its averaged generator: leave --raw out."
            )
        return [whole(run, run.last)]
    files = sorted(run.checkpoints.glob("step_*.safetensors")) if order.checkpoints == "all" else []
    by_step = {loading.metadata(file)["step"]: file for file in [existing(run.model_file), *files]}
    return [Checkpoint(run, by_step[step], step) for step in sorted(by_step)]


def loaded(checkpoint: Checkpoint, allow_modules: tuple[str, ...] = ()) -> GenerativeModule:
    """Load the model of a checkpoint.

    Most of these files hold only the generator. A StarGAN that reads the attributes of its input then takes the
    discriminator from the run's last checkpoint, even if the generator is of an earlier step.

    Args:
        checkpoint: The checkpoint.
        allow_modules: Packages outside the project that the file may name.

    Raises:
        Mistake: A file is missing or damaged.
    """
    model = loading.load(checkpoint.file, allow_modules=allow_modules)
    if isinstance(model, StarGAN) and model.reads_labels and not model.has_discriminator:
        last = loading.load(checkpoint.run.last)
        assert isinstance(last, StarGAN)
        model.discriminator, model.has_discriminator = last.discriminator, True
    return model


def whole(run: Run, file: Path) -> Checkpoint:
    """Return a full training checkpoint, with all networks, as a `Checkpoint`."""
    return Checkpoint(run, file, loading.read_checkpoint(existing(file))["global_step"])


def existing(file: Path) -> Path:
    """Return `file`; raise `Mistake` if it is missing."""
    if not file.exists():
        raise Mistake(
            f"There is no {file}: a run writes it with its first checkpoint, and best.ckpt with its first scores."
        )
    return file
