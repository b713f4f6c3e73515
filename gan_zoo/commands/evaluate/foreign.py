"""Scores of other people's images, as runs of their own."""

from pathlib import Path
from typing import Any

from gan_zoo import images
from gan_zoo.commands.data.choose import choose
from gan_zoo.commands.evaluate.evaluators import against, data_settings, module_of, set_up
from gan_zoo.commands.evaluate.foreign_images import Fixed, Statistics, pictures
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.evaluate.output import keep, note, tell
from gan_zoo.distributed.strategy import rank
from gan_zoo.errors import Mistake
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.run.config import find
from gan_zoo.run.directory import Run, refuse_unusable
from gan_zoo.run.files import write


def score_foreign(asked: Order) -> None:
    assert asked.fake and asked.real
    run = foreign_run(asked)
    fake = pictures(Path(asked.fake), asked.skip_damaged)
    if isinstance(fake, Statistics):
        raise Mistake(f"--fake {asked.fake} holds statistics: name the images, which say what was scored.")
    wanted = asked.samples or len(fake)
    if wanted > len(fake):
        raise Mistake(f"--samples is {wanted}, and {asked.fake} holds {len(fake)} images: ask for less.")
    real, split, workers = real_side(asked)
    judge = against(asked, asked.extractor or "inception", real, split, workers)
    conditions = Conditions(
        weights="last" if asked.raw else "averaged",
        batch_norm=asked.batch_norm,
        truncation=asked.truncation,
        labels=asked.labels,
        latent_seed=asked.seed,
    )
    scores, protocol = judge.score(Fixed(fake, conditions), wanted)
    note(judge, wanted)
    tell(scores, "")
    if rank() == 0:
        begin(run, asked, fake, real.name)
        keep(run, scores, protocol, step=0, shown=0)
        print(
            f"Recorded in {run.path} as the options say, which images cannot tell: {conditions.weights} weights, "
            f"batch norm {conditions.batch_norm}, truncation {conditions.truncation:g}, labels {conditions.labels}."
        )


def real_side(asked: Order) -> tuple[Any, str, int]:
    """The real images that --real names, their split, and how many processes read them.

    Raises:
        Mistake: it names nothing.
    """
    assert asked.real
    path = Path(asked.real)
    if Run(path).config_file.exists():
        data = module_of(data_settings(Run(path), asked))
    elif path.is_dir() or path.suffix in (".zip", ".npz"):
        if asked.split:
            raise Mistake(f"--split is {asked.split}, but {path} has no splits: leave it out.")
        return pictures(path, asked.skip_damaged), "", 0
    else:
        find(asked.real)
        data = set_up(choose("evaluate", "", ["-c", asked.real], lambda parser: None)[0])
    real = data.reference(asked.split)
    return real, asked.split or getattr(data, "split", ""), 0 if real.instant else data.workers


def foreign_run(asked: Order) -> Run:
    """Return the run that the scores of somebody's images go to, which need not be there yet.

    Raises:
        Mistake: the directory holds something else.
    """
    run = Run(asked.run or Path("runs") / owner(asked).lower().replace(" ", "_"))
    refuse_unusable(run)
    if run.has_begun() or run.config_file.exists():
        raise Mistake(f"{run.path} holds a run that was trained: choose another --run.")
    before = run.record().get("model", owner(asked))
    if before != owner(asked):
        raise Mistake(f"{run.path} holds scores of {before}, not of {owner(asked)}: choose another --run.")
    return run


def owner(asked: Order) -> str:
    """Return what reports call the owner of the images."""
    assert asked.fake
    return asked.name or Path(asked.fake).resolve().stem


def begin(run: Run, asked: Order, fake: Any, data: str) -> None:
    """Make the directory one that reports read as a finished run, with a picture of its first images."""
    run.create()
    first = Fixed(fake, Conditions()).images(0, min(64, len(fake)))
    write(run.images / "step_00000000.png", images.png(images.grid(first)))
    run.update_record(status="finished", model=owner(asked), data=data, seed=asked.seed, error=None)
    run.release()
