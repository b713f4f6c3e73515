"""Flags of lightning.Trainer that a run counted in steps has no meaning for: refused, with what to say instead.

All others work; the README's table has a row for each, and `tests/training/test_trainer_flags.py` tries them all.
"""

from typing import Any

import lightning.pytorch as L

from gan_zoo.bounds import bounded
from gan_zoo.distributed.strategy import TurnTakingDDP
from gan_zoo.errors import Mistake

ENDLESS = "the stream of images has no epochs: say max_steps, or --max_images or --max_seconds"
WHOLE = "a step takes what its model says: say data.batch_size and max_steps, or fast_dev_run for a trial"

REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "max_epochs": ((None, -1), ENDLESS),
    "min_epochs": ((None, 0), ENDLESS),
    "min_steps": ((None, 0), "nothing ends a run before its time but you"),
    "max_time": ((None,), "say --max_seconds, which counts over resumptions"),
    "limit_train_batches": ((None,), WHOLE),
    "overfit_batches": ((0,), WHOLE),
    "enable_checkpointing": (
        (None, True),
        "a run without them cannot go on; checkpoints.every 0 writes at the end",
    ),
    "reload_dataloaders_every_n_epochs": ((0,), ENDLESS),
    "barebones": ((False,), "it would keep no records; a run's bookkeeping is measured in tests/benchmarks"),
    "model_registry": ((None,), "checkpoints are written to the run's own directory"),
}
"""Flag -> the values that change nothing, and what to do instead of any other."""

PRECISIONS = (None, 32, "32", "32-true", "bf16", "bf16-mixed")


def refuse_unusable(given: dict[str, Any]) -> None:
    """Stop before anything is made where Lightning would stop at the first step, or go wrong without a word.

    Raises:
        Mistake: says what to pass instead.
    """
    for name, (neutral, instead) in REFUSED.items():
        if name in given and given[name] not in neutral:
            raise Mistake(f"trainer.{name} is {given[name]}: {instead}. Leave it out.")
    refuse_precision(given.get("precision"))
    for name, least in (("log_every_n_steps", 1), ("accumulate_grad_batches", 1), ("gradient_clip_val", 0)):
        if (value := given.get(name)) is not None:
            bounded("trainer.", at_least=least, **{name: value})
    if given.get("gradient_clip_algorithm") and not given.get("gradient_clip_val"):
        raise Mistake("trainer.gradient_clip_algorithm clips nothing without trainer.gradient_clip_val: say both.")


def refuse_unsupported(trainer: L.Trainer) -> None:
    """Stop before the first step what would train wrongly without a word."""
    if trainer.world_size > 1 and not isinstance(trainer.strategy, TurnTakingDDP):
        raise Mistake(
            f"{trainer.world_size} devices with {type(trainer.strategy).__name__}: models whose optimizers take turns "
            "need Trainer(strategy=gan_zoo.distributed.strategy.TurnTakingDDP()); gan_zoo.trainer(...) chooses it by itself."
        )
    refuse_precision(trainer.precision)


def refuse_precision(precision: Any) -> None:
    """Stop where weights and images would be of unlike type, or gradients stay scaled: a bare optimizer knows none."""
    if precision not in PRECISIONS:
        raise Mistake(f"trainer.precision is {precision}: use bf16-mixed or 32-true, in which all models train.")
