"""Scores of runs, at the checkpoints that are asked for."""

from collections.abc import Iterable

from gan_zoo.commands.evaluate.checkpoints import Checkpoint, checkpoints, loaded, runs_at
from gan_zoo.commands.evaluate.evaluators import (
    classes_of,
    data_settings,
    device,
    evaluator,
    module_of,
    stylizations,
    translations,
)
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.evaluate.output import keep, note, tell
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.agreement import class_agreement, refuse_other_classes
from gan_zoo.metrics.baselines import baselines
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.metrics.protocol import Protocol
from gan_zoo.metrics.stylized import Stylizing
from gan_zoo.metrics.translated import Result
from gan_zoo.module import GenerativeModule
from gan_zoo.run.directory import Run
from gan_zoo.translation.routes import Translating
from gan_zoo.trust import Source, refuse_foreign

SAMPLES = 10_000
"""Images generated for a score where the user says nothing."""


def score_runs(asked: Order) -> None:
    found = [one for path in asked.runs for run in runs_at(path) for one in checkpoints(run, asked)]
    for one in found:
        model = loaded(one, asked.allow_modules).to(device())
        for scores, protocol in results(asked, one, model):
            where = f"{one.run.path} step {one.step} " if len(found) > 1 else ""
            tell(scores, where, told(asked, protocol))
            keep(one.run, scores, protocol, one.step, model.images)


def results(asked: Order, one: Checkpoint, model: GenerativeModule) -> Iterable[Result]:
    """The scores of a model's images, whatever it makes them of."""
    if isinstance(model, Translating):
        return translated(asked, one, model)
    if isinstance(model, Stylizing):
        return stylized(asked, one, model)
    return sampled(asked, one, model)


def told(asked: Order, protocol: Protocol) -> str:
    """Which images a score is of, where not all are the model's whole."""
    if asked.per_class:
        return protocol.conditions.labels
    return protocol.conditions.weights if asked.baseline else ""


def sampled(asked: Order, one: Checkpoint, model: GenerativeModule) -> Iterable[Result]:
    """The scores of a model's samples: of all, or class by class; last, whether they are of the classes asked for."""
    if asked.baseline:
        raise Mistake(f"--baseline is for models that translate: {type(model).__name__} does not.")
    told = extractors.make(asked.classifier).to(device()) if asked.classifier else None
    if told:
        refuse_other_classes(model.num_classes, f"{type(model).__name__} of {one.run.path}", told)
    choices = range(model.num_classes) if asked.per_class else [asked.labels]
    if not choices:
        raise Mistake(f"--per-class: {type(model).__name__} of {one.run.path} knows no classes.")
    name, settings = extractor_name(asked, one.run), data_settings(one.run, asked)
    wanted = asked.samples or SAMPLES
    for labels in choices:
        judge = evaluator(asked, name, settings, int(labels) if asked.per_class else None)
        drawn = Sampled(model, sampling(asked, labels), classes_of(judge.real) if asked.labels == "data" else None)
        scores, protocol = judge.score(drawn, wanted)
        yield scores, protocol
        note(judge, wanted)
        if told:
            yield class_agreement(drawn, told, wanted, protocol)


def translated(asked: Order, one: Checkpoint, model: GenerativeModule) -> Iterable[Result]:
    """The scores of a model's translations on each route, and of what no model made, where that was asked for.

    Raises:
        Mistake: options that are for samples.
    """
    assert isinstance(model, Translating)
    refuse_latents(asked, model)
    settings = data_settings(one.run, asked)
    judge = translations(asked, extractor_name(asked, one.run), settings, model.routes)
    wanted = asked.samples or SAMPLES
    weights = "averaged" if model.average_half_life else "last"
    if asked.baseline:  # first: the last line is what `gan-zoo status` says of the run
        yield from baselines(judge, module_of(settings), wanted)
    yield from judge.results(model, wanted, asked.seed, weights)
    note(judge, wanted)


def stylized(asked: Order, one: Checkpoint, model: GenerativeModule) -> Iterable[Result]:
    """The scores of contents painted in styles, all in all.

    Raises:
        Mistake: options that are for samples or translations.
    """
    assert isinstance(model, Stylizing)
    refuse_latents(asked, model)
    if asked.classifier or asked.baseline:
        raise Mistake(f"--classifier and --baseline are for models that translate: {type(model).__name__} does not.")
    if asked.real_samples:
        raise Mistake(f"--real-samples is {asked.real_samples}: contents are painted in all styles, leave it out.")
    judge = stylizations(asked, extractor_name(asked, one.run), data_settings(one.run, asked))
    wanted = asked.samples or SAMPLES
    yield from judge.results(model, wanted)
    note(judge, wanted)


def refuse_latents(asked: Order, model: GenerativeModule) -> None:
    """Stop at options that are for images made of latents.

    Raises:
        Mistake: names the first.
    """
    given = {
        "--truncation": asked.truncation != 1,
        "--batch-norm": asked.batch_norm != "eval",
        "--labels": asked.labels != "uniform",
        "--per-class": asked.per_class,
        "--raw": asked.raw and bool(model.average_half_life),
    }
    for option, is_given in given.items():
        if is_given:
            raise Mistake(
                f"{option} is for images made of latents, not of images as by {type(model).__name__}: leave it out."
            )


def extractor_name(asked: Order, run: Run) -> str:
    """Return what was asked for, else what the run was scored with while it trained, else lenet.

    Raises:
        Mistake: the run names an extractor of a module that is not allowed.
    """
    if asked.extractor:
        return asked.extractor
    name = (run.config().get("evaluation") or {}).get("extractor") or "lenet"
    if ":" in name:
        refuse_foreign(name.partition(":")[0], Source(run.config_file, asked.allow_modules))
    return name


def sampling(asked: Order, labels: str | int) -> Sampling:
    return Sampling(
        seed=asked.seed,
        averaged=not asked.raw,
        truncation=asked.truncation,
        batch_norm="train" if asked.batch_norm == "train" else "eval",
        labels=int(labels) if str(labels).isdigit() else "data" if labels == "data" else "uniform",
    )
