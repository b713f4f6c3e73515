"""Scores of runs at their checkpoints."""

from collections.abc import Iterable
from dataclasses import replace

from gan_zoo.commands.evaluate.checkpoints import Checkpoint, checkpoints, loaded, runs_at
from gan_zoo.commands.evaluate.evaluators import (
    classes_of,
    data_settings,
    device,
    evaluator_of,
    module_of,
    sample_evaluator,
    split_for,
)
from gan_zoo.commands.evaluate.held_out import NoOtherSplit, draw, held_out, picture, real_against_real, refuse_picture
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.evaluate.output import keep, note, tell
from gan_zoo.distributed.strategy import rank
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.agreement import class_agreement, refuse_other_classes
from gan_zoo.metrics.baselines import baselines
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.metrics.judges import ModelKind
from gan_zoo.metrics.judges import results as scores_of
from gan_zoo.metrics.protocol import Protocol
from gan_zoo.metrics.real import reference
from gan_zoo.metrics.translated import Result, Translations
from gan_zoo.module import GenerativeModule
from gan_zoo.run.directory import Run
from gan_zoo.trust import Source, refuse_foreign

SAMPLES = 10_000
"""Default number of generated images."""


def score_runs(order: Order) -> None:
    """Score the runs of an order at the requested checkpoints, print the scores, and record them."""
    refuse_picture(order)
    requested = [checkpoint for path in order.runs for run in runs_at(path) for checkpoint in checkpoints(run, order)]
    if order.neighbours and len(requested) > 1:
        raise Mistake(f"--neighbours is one picture, and there are {len(requested)} runs: name one of them.")
    for checkpoint in requested:
        model = loaded(checkpoint, order.allow_modules).to(device())
        for scores, protocol in results(replace(order, split=split_for(checkpoint.run, order)), checkpoint, model):
            prefix = f"{checkpoint.run.path} step {checkpoint.step} " if len(requested) > 1 else ""
            tell(scores, prefix, subset(order, protocol))
            keep(checkpoint.run, scores, protocol, checkpoint.step, model.images)


def results(order: Order, checkpoint: Checkpoint, model: GenerativeModule) -> Iterable[Result]:
    """Return the scores of a model: of its samples, or of the images that it makes from images."""
    kind = ModelKind.of(model)
    return sampled(order, checkpoint, model) if kind == ModelKind() else from_images(order, checkpoint, model, kind)


def subset(order: Order, protocol: Protocol) -> str:
    """Return which images a score is about, if they are a class or a baseline."""
    if order.per_class:
        return protocol.conditions.labels
    return protocol.conditions.weights if order.baseline else ""


def sampled(order: Order, checkpoint: Checkpoint, model: GenerativeModule) -> Iterable[Result]:
    """Yield the scores of a model's samples, of all or class by class, and their class agreement with --classifier.

    Raises:
        Mistake: The order has options for other models, or the model lacks the classes that they need.
    """
    classifier = extractors.make(order.classifier).to(device()) if order.classifier else None
    if classifier:
        refuse_other_classes(model.num_classes, f"{type(model).__name__} of {checkpoint.run.path}", classifier)
    choices = range(model.num_classes) if order.per_class else [order.labels]
    if not choices:
        raise Mistake(f"--per-class: {type(model).__name__} of {checkpoint.run.path} has no classes: leave it out.")
    name, settings = extractor_name(order, checkpoint.run), data_settings(checkpoint.run, order)
    samples, data = order.samples or SAMPLES, module_of(settings)
    try:
        held = held_out(order, data, reference(data, order.split))
    except NoOtherSplit:
        note_single_split(checkpoint.run)
        raise
    for labels in choices:
        evaluator = sample_evaluator(order, name, settings, int(labels) if order.per_class else None)
        real_labels = classes_of(evaluator.real) if order.labels == "data" else None
        fakes = Sampled(model, sampling(order, labels), real_labels)
        if held and order.baseline:  # before the model: `gan-zoo status` shows the last line
            yield real_against_real(evaluator, held, samples)
        if order.only_baseline:
            continue
        scores, protocol = evaluator.score(fakes, samples)
        yield scores, protocol
        note(evaluator, samples)
        if order.neighbours:
            draw(order, evaluator, fakes, samples, held, picture(checkpoint.run, checkpoint.step))
        if classifier:
            yield class_agreement(fakes, classifier, samples, protocol)


def note_single_split(run: Run) -> None:
    """Record for reports that the data have no other split, in a run that no training process writes to."""
    if rank() == 0 and run.record().get("status") == "finished":
        run.update_record(held_out="none")


def from_images(order: Order, checkpoint: Checkpoint, model: GenerativeModule, kind: ModelKind) -> Iterable[Result]:
    """Yield the scores of a model's translations or stylized images, after those of the baselines with --baseline.

    Raises:
        Mistake: The order has options for other models.
    """
    refuse_options(order, model, kind)
    settings, samples = data_settings(checkpoint.run, order), order.samples or SAMPLES
    evaluator = evaluator_of(order, extractor_name(order, checkpoint.run), settings, kind)
    if order.baseline:  # before the model: `gan-zoo status` shows the last score of the first metric
        assert isinstance(evaluator, Translations)
        yield from baselines(evaluator, module_of(settings), samples)
    if order.only_baseline:
        return
    yield from scores_of(evaluator, model, samples, sampling(order, order.labels))
    note(evaluator, samples)


def refuse_options(order: Order, model: GenerativeModule, kind: ModelKind) -> None:
    """Refuse options that do not apply to a model that makes images from images.

    Raises:
        Mistake: Names the first of them.
    """
    of_samples = {
        "--truncation": order.truncation != 1,
        "--batch-norm": order.batch_norm != "eval",
        "--labels": order.labels != "uniform",
        "--per-class": order.per_class,
        "--neighbours": bool(order.neighbours),
        "--held-out": bool(order.held_out),
        "--raw": order.raw and bool(model.average_half_life),
    }
    for option, given in of_samples.items():
        if given:
            raise Mistake(f"{option} is for images made from latents: leave it out for {type(model).__name__}.")
    if not kind.stylizes:
        return
    if order.classifier or order.baseline:
        raise Mistake(
            f"--classifier and --baseline are for models that translate: leave them out for {type(model).__name__}."
        )
    if order.real_samples:
        raise Mistake(f"--real-samples is {order.real_samples}, but contents are painted in all styles: leave it out.")


def extractor_name(order: Order, run: Run) -> str:
    """Return the name of the extractor: the requested one, or that of the run's training, or lenet.

    Raises:
        Mistake: The run names an extractor from a package that is not allowed.
    """
    if order.extractor:
        return order.extractor
    name = (run.config().get("evaluation") or {}).get("extractor") or "lenet"
    if ":" in name:
        refuse_foreign(name.partition(":")[0], Source(run.config_file, order.allow_modules))
    return name


def sampling(order: Order, labels: str | int) -> Sampling:
    """Return how samples are drawn; `labels` is the value of --labels, or one class."""
    return Sampling(
        seed=order.latent_seed,
        averaged=not order.raw,
        truncation=order.truncation,
        batch_norm="train" if order.batch_norm == "train" else "eval",
        labels=int(labels) if str(labels).isdigit() else "data" if labels == "data" else "uniform",
    )
