"""The flags of lightning.Trainer that have no meaning for a run that is counted in steps, and what to pass instead.

All others work: docs/lightning_flags.md lists each, and `tests/training/test_trainer_flags.py` tries them all.
"""

from typing import Any

from gan_zoo.bounds import bounded
from gan_zoo.distributed.strategy import refuse_precision
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
"""The refused flags, each with the values that change nothing and with what to do instead of any other value."""


def refuse_unusable(given: dict[str, Any]) -> None:
    """Raise a `Mistake` for a flag with which Lightning would fail at the first step, or do the wrong thing silently.

    Raises:
        Mistake: Says what to pass instead.
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
