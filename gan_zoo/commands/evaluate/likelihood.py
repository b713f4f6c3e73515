"""The bound on the log-likelihood of real images, of runs whose model has one."""

from gan_zoo.bounds import bounded
from gan_zoo.commands.evaluate.checkpoints import runs_at, whole
from gan_zoo.commands.evaluate.evaluators import data_settings, device, module_of
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.evaluate.output import keep, tell
from gan_zoo.errors import Mistake
from gan_zoo.metrics.likelihood import HasBound, log_likelihood
from gan_zoo.metrics.names import score_name
from gan_zoo.training import loading

NAME = "log_likelihood"
"""Of the metric, as a user writes it."""
DRAWS = 100
"""Latents for each image where the user says nothing."""
NO_PART = dict.fromkeys(("fake", "extractor", "weights", "resize", "samples", "classifier"))
NO_PART |= {"raw": False, "per_class": False, "baseline": False}
NO_PART |= {"truncation": 1.0, "batch_norm": "eval", "labels": "uniform"}
"""Options that are of generated images or of features, and their values where nothing is said."""


def is_likelihood(asked: Order) -> bool:
    """Whether the bound was asked for.

    Raises:
        Mistake: beside what compares generated images, or with options that are of that alone.
    """
    if NAME not in asked.metrics:
        if asked.draws is not None:
            raise Mistake(f"--draws is of --metrics {NAME}: leave it out.")
        return False
    if len(asked.metrics) > 1:
        raise Mistake(f"--metrics {NAME} compares no generated images: ask for it by itself.")
    if given := [name for name, unsaid in NO_PART.items() if getattr(asked, name) != unsaid]:
        option = given[0].replace("_", "-")
        raise Mistake(f"--{option} is of generated images, which {NAME} has none of: leave it out.")
    if asked.checkpoints == "all":
        raise Mistake(f"--checkpoints all: {NAME} needs the encoder, which last.ckpt and best.ckpt alone have.")
    return True


def score_likelihoods(asked: Order) -> None:
    """Score each run's last or best checkpoint, whole: the sampled generator alone has no encoder.

    Raises:
        Mistake: a model without a bound.
    """
    draws = DRAWS if asked.draws is None else asked.draws
    bounded("--", at_least=1, draws=draws)
    runs = [run for path in asked.runs for run in runs_at(path)]
    for run in runs:
        one = whole(run, run.best if asked.checkpoints == "best" else run.last)
        model = loading.load(one.file, allow_modules=asked.allow_modules).to(device())
        if not isinstance(model, HasBound):
            raise Mistake(f"{type(model).__name__} of {run.path} bounds no likelihood: --metrics {NAME} is for a VAE.")
        data = module_of(data_settings(run, asked))
        real, split = data.reference(asked.split), asked.split or getattr(data, "split", "")
        value, protocol = log_likelihood(model, real, device(), draws, split, asked.real_samples, asked.seed)
        scores = {score_name(NAME, "", protocol.real): value}
        tell(scores, f"{run.path} step {one.step} " if len(runs) > 1 else "")
        keep(run, scores, protocol, one.step, model.images)
