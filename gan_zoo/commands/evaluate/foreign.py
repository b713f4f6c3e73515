"""Scores of other people's images, recorded as a run of their own."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from datamodules.names import real
from gan_zoo import images
from gan_zoo.commands.data.choose import choose
from gan_zoo.commands.evaluate.evaluators import against, data_settings, module_of, set_up
from gan_zoo.commands.evaluate.foreign_images import Fixed, Statistics, pictures
from gan_zoo.commands.evaluate.held_out import draw, held_out, picture, real_against_real, refuse_picture
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.evaluate.output import keep, note, tell
from gan_zoo.distributed.strategy import rank
from gan_zoo.errors import Mistake
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.metrics.real import Real, reference
from gan_zoo.metrics.subsets import Subset
from gan_zoo.run.config import find
from gan_zoo.run.directory import Run, refuse_unusable
from gan_zoo.run.files import write


def score_foreign(order: Order) -> None:
    """Score the images of --fake, print the scores, and record them."""
    assert order.fake and order.real
    refuse_picture(order)
    run = foreign_run(order)
    fake = pictures(Path(order.fake), order.skip_damaged)
    if isinstance(fake, Statistics):
        raise Mistake(f"--fake {order.fake} holds statistics: name the images themselves.")
    refuse_other_images(run, fake.fingerprint(), order.seed)
    samples = order.samples or len(fake)
    if samples > len(fake):
        raise Mistake(f"--samples is {samples}, and {order.fake} holds {len(fake)} images: ask for fewer.")
    real, data = real_side(order)
    held = held_out(order, data, real)
    evaluator = against(order, order.extractor or "inception", real)
    note_origin(real.images)
    conditions = conditions_of(order, fake)
    baseline = real_against_real(evaluator, held, samples) if held and order.baseline else None
    scores, protocol = evaluator.score(Fixed(drawn(fake, samples, order.latent_seed), conditions), samples)
    note(evaluator, samples)
    if baseline:
        tell(baseline[0], "", baseline[1].conditions.weights)
    tell(scores, "")
    if rank() == 0:
        begin(run, order, fake, real.images.name)
    if order.neighbours:
        draw(order, evaluator, Fixed(fake, conditions), samples, held, picture(run, 0))
    if rank() == 0:
        if baseline:
            keep(run, *baseline, step=0, real_images=None)
        keep(run, scores, protocol, step=0, real_images=None)
        print(
            f"Recorded in {run.path} with the conditions that the options state: {conditions.weights} weights, "
            f"batch norm {conditions.batch_norm}, truncation {conditions.truncation:g}, labels {conditions.labels}."
        )


def conditions_of(order: Order, fake: Any) -> Conditions:
    """Return how the images were generated, as far as the options say."""
    return Conditions(
        weights=order.generator_weights,
        batch_norm=order.batch_norm,
        truncation=order.truncation,
        labels=f"class {order.labels}" if order.labels.isdigit() else order.labels,
        latent_seed=order.latent_seed,
        images_fingerprint=fake.fingerprint(),
        ranked_as=order.rank_with or "",
    )


def drawn(fake: Any, samples: int, seed: int) -> Any:
    """Return `samples` of the images, drawn at random by `seed`: the first files of a folder may be of one class."""
    if samples == len(fake):
        return fake
    indices = np.random.default_rng(seed).permutation(len(fake))[:samples]
    return Subset(fake, np.sort(indices), "drawn")


def real_side(order: Order) -> tuple[Real, Any]:
    """Return the real images that --real names, and their data module; None: they are a folder or a file.

    Raises:
        Mistake: --real names no data.
    """
    assert order.real
    path = Path(order.real)
    if Run(path).config_file.exists():
        data = module_of(data_settings(Run(path), order))
    elif path.is_dir() or path.suffix in (".zip", ".npz"):
        if order.split:
            raise Mistake(f"--split is {order.split}, but {path} has no splits: leave it out.")
        images = pictures(path, order.skip_damaged)
        return (of_statistics(images, order) if isinstance(images, Statistics) else Real(images)), None
    else:
        find(order.real)
        data = set_up(choose("evaluate", "", ["-c", order.real], lambda parser: None)[0])
    return reference(data, order.split), data


def of_statistics(real: Statistics, order: Order) -> Real:
    """Return statistics in the place of real images.

    Raises:
        Mistake: A part of the images is requested.
    """
    if order.real_samples:
        raise Mistake(
            f"--real-samples is {order.real_samples}, and {real.path} holds statistics of all its images: leave it out."
        )
    return Real(real, real.split)


def note_origin(real: Any) -> None:
    """Print a note if `real` are statistics of another program, which cannot be checked."""
    if rank() == 0 and isinstance(real, Statistics) and not real.about:
        print(
            f"Note: {real.path} does not say by which network and from which images it was computed: the scores are "
            "right only if that was the network named here.",
            file=sys.stderr,
        )


def foreign_run(order: Order) -> Run:
    """Return the run in which the scores of these images are recorded; it need not exist yet.

    Raises:
        Mistake: The directory holds something else.
    """
    default = owner(order).lower().replace(" ", "_") + ("" if order.seed is None else f"_s{order.seed}")
    run = Run(order.run or Path("runs") / default)
    refuse_unusable(run)
    if run.has_begun() or run.config_file.exists():
        raise Mistake(f"{run.path} holds a trained run: choose another --run.")
    recorded = run.record().get("model", owner(order))
    if recorded != owner(order):
        raise Mistake(f"{run.path} holds scores of {recorded}, not of {owner(order)}: choose another --run.")
    return run


def refuse_other_images(run: Run, fingerprint: str, seed: int | None) -> None:
    """Raise `Mistake` if the run holds scores of other images, or of images from another seed.

    Args:
        run: The run, which need not exist yet.
        fingerprint: Hash of the images.
        seed: Seed that they were trained with.
    """
    record = run.record()
    if not record:
        return
    if "images_fingerprint" not in record:
        raise Mistake(f"{run.path} does not say which images it holds scores of: choose another --run.")
    if record["images_fingerprint"] != fingerprint:
        raise Mistake(f"{run.path} holds scores of other images of {record.get('model')}: choose another --run.")
    if record.get("seed") != seed:
        raise Mistake(f"{run.path} holds these images with seed {record.get('seed')}: use that, or another --run.")


def owner(order: Order) -> str:
    """Return the name by which reports call the owner of the images."""
    assert order.fake
    return order.name or real(Path(order.fake)).stem


def begin(run: Run, order: Order, fake: Any, data: str) -> None:
    """Write a directory that reports read as a finished run, with a picture of the first images."""
    run.create()
    first = Fixed(fake, Conditions()).images(0, min(64, len(fake)))
    write(run.images / "step_00000000.png", images.png(images.grid(first)))
    run.update_record(
        status="finished",
        model=owner(order),
        data=data,
        seed=order.seed,
        images_fingerprint=fake.fingerprint(),
        error=None,
    )
    run.release()
