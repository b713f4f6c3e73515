"""Scores of runs, at the checkpoints that are asked for."""

from gan_zoo import loading
from gan_zoo.errors import Mistake
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.rescoring.checkpoints import checkpoints, runs_at
from gan_zoo.rescoring.judging import data_settings, device, evaluator, labels_of
from gan_zoo.rescoring.options import Order
from gan_zoo.rescoring.writing import keep, note, tell
from gan_zoo.run import Run

SAMPLES = 10_000
"""Images generated for a score where the user says nothing."""


def score_runs(asked: Order) -> None:
    found = [one for path in asked.runs for run in runs_at(path) for one in checkpoints(run, asked)]
    for one in found:
        settings = data_settings(one.run)
        model = loading.load(one.file).to(device())
        choices = range(model.num_classes) if asked.per_class else [asked.labels]
        if not choices:
            raise Mistake(f"--per-class: {type(model).__name__} of {one.run.path} knows no classes.")
        for labels in choices:
            judge = evaluator(asked, extractor_name(asked, one.run), settings, labels if asked.per_class else None)
            wanted = asked.samples or SAMPLES
            sampled = Sampled(model, sampling(asked, labels), labels_of(judge.real) if asked.labels == "data" else None)
            scores, protocol = judge.score(sampled, wanted)
            note(judge, wanted)
            tell(scores, f"{one.run.path} step {one.step} " if len(found) > 1 else "", protocol, asked.per_class)
            keep(one.run, scores, protocol, one.step, model.images)


def extractor_name(asked: Order, run: Run) -> str:
    """What was asked for, else what the run was scored with while it trained, else lenet."""
    return asked.extractor or (run.config().get("evaluation") or {}).get("extractor") or "lenet"


def sampling(asked: Order, labels: str | int) -> Sampling:
    return Sampling(
        seed=asked.seed,
        averaged=not asked.raw,
        truncation=asked.truncation,
        batch_norm="train" if asked.batch_norm == "train" else "eval",
        labels=int(labels) if str(labels).isdigit() else "data" if labels == "data" else "uniform",
    )
