"""Which of a run's files are scored."""

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
    """A run at one step."""

    run: Run
    file: Path
    step: int


def runs_at(path: str) -> list[Run]:
    """The run at `path`, or all runs below it that have a model.

    Raises:
        Mistake: there is none.
    """
    if Run(path).config_file.exists():
        return [Run(path)]
    below = sorted({file.parent for file in Path(path).rglob("config.yaml")}) if Path(path).is_dir() else []
    found = [Run(folder) for folder in below if Run(folder).model_file.exists()]
    if not found:
        raise Mistake(f"{path} is not a run's directory: it has no config.yaml, and no run below it has a model.")
    return found


def checkpoints(run: Run, asked: Order) -> list[Checkpoint]:
    """Those of `run` that were asked for, the earliest first.

    Raises:
        Mistake: there is none, or it does not hold the weights that were asked for.
    """
    if asked.checkpoints == "best":
        return [whole(run, run.best)]
    if asked.raw and loading.metadata(existing(run.model_file))["weights"] == "averaged":
        if asked.checkpoints == "all":
            raise Mistake(f"--raw: the earlier checkpoints of {run.path} hold its averaged generator alone.")
        return [whole(run, run.last)]
    files = sorted(run.checkpoints.glob("step_*.safetensors")) if asked.checkpoints == "all" else []
    by_step = {loading.metadata(file)["step"]: file for file in [existing(run.model_file), *files]}
    return [Checkpoint(run, by_step[step], step) for step in sorted(by_step)]


def loaded(checkpoint: Checkpoint, allow_modules: tuple[str, ...] = ()) -> GenerativeModule:
    """Load the model at a checkpoint, whose file may name the modules in `allow_modules` beside ours.

    Most files that are scored hold the generator alone. A StarGAN whose translations keep attributes then reads them
    with the discriminator of the run's last checkpoint, whatever the generator's step is.

    Raises:
        Mistake: a file that is missing or damaged.
    """
    model = loading.load(checkpoint.file, allow_modules=allow_modules)
    if isinstance(model, StarGAN) and model.reads_labels and not model.has_discriminator:
        last = loading.load(checkpoint.run.last)
        assert isinstance(last, StarGAN)
        model.discriminator, model.has_discriminator = last.discriminator, True
    return model


def whole(run: Run, file: Path) -> Checkpoint:
    return Checkpoint(run, file, loading.read_checkpoint(existing(file))["global_step"])


def existing(file: Path) -> Path:
    if not file.exists():
        raise Mistake(f"There is no {file}: a run writes it with its first checkpoint, best.ckpt with its scores.")
    return file
