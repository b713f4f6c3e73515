"""Scores of runs by the bound on the log-likelihood of real images, for models that have one."""

from gan_zoo.bounds import bounded
from gan_zoo.commands.evaluate.checkpoints import runs_at, whole
from gan_zoo.commands.evaluate.evaluators import data_settings, device, module_of, split_for
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.commands.evaluate.output import keep, tell
from gan_zoo.errors import Mistake
from gan_zoo.metrics.likelihood import HasBound, log_likelihood
from gan_zoo.metrics.names import score_name
from gan_zoo.metrics.real import reference
from gan_zoo.training import loading

NAME = "log_likelihood"
"""Name of the metric, as a user types it."""
DRAWS = 100
"""Default number of latents for each image."""
NOT_APPLICABLE = dict.fromkeys(("fake", "extractor", "weights", "resize", "samples", "classifier", "neighbours"))
NOT_APPLICABLE |= {"raw": False, "per_class": False, "baseline": False}
NOT_APPLICABLE |= {"truncation": 1.0, "batch_norm": "eval", "labels": "uniform"}
"""Options that apply only to generated images or to features, with their defaults."""


def is_likelihood(order: Order) -> bool:
    """Return whether the order requests the bound.

    Raises:
        Mistake: It is requested together with metrics of generated images, or with options that do not apply.
    """
    if NAME not in order.metrics:
        if order.draws is not None:
            raise Mistake(f"--draws applies only to --metrics {NAME}: leave it out.")
        return False
    if len(order.metrics) > 1:
        raise Mistake(f"--metrics {NAME} compares no generated images: request it without other metrics.")
    if changed := [name for name, default in NOT_APPLICABLE.items() if getattr(order, name) != default]:
        option = changed[0].replace("_", "-")
        raise Mistake(f"--{option} applies to generated images, and {NAME} uses none: leave it out.")
    if order.checkpoints == "all":
        raise Mistake(
            f"--checkpoints all: {NAME} needs the encoder, which only last.ckpt and best.ckpt have: use last or best."
        )
    return True


def score_likelihoods(order: Order) -> None:
    """Score the last or the best training checkpoint of each run, which unlike the model file has the encoder.

    Raises:
        Mistake: A model has no bound.
    """
    draws = DRAWS if order.draws is None else order.draws
    bounded("--", at_least=1, draws=draws)
    runs = [run for path in order.runs for run in runs_at(path)]
    for run in runs:
        checkpoint = whole(run, run.best if order.checkpoints == "best" else run.last)
        model = loading.load(checkpoint.file, allow_modules=order.allow_modules).to(device())
        if not isinstance(model, HasBound):
            raise Mistake(
                f"{type(model).__name__} of {run.path} has no bound on the likelihood: --metrics {NAME} is for a VAE."
            )
        real = reference(module_of(data_settings(run, order)), split_for(run, order))
        value, protocol = log_likelihood(
            model, real.images, device(), draws, real.split, order.real_samples, order.latent_seed
        )
        scores = {score_name(NAME, "", protocol.real): value}
        tell(scores, f"{run.path} step {checkpoint.step} " if len(runs) > 1 else "")
        keep(run, scores, protocol, checkpoint.step, model.images)
