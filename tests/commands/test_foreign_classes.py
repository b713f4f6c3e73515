"""A class of Lightning that refuses the arguments of a configuration is reported in one line."""

from pathlib import Path
from typing import Any

import lightning.pytorch as L
import pytest
from lightning.pytorch.callbacks import Callback

from tests.commands.conftest import TINY, Command, Refused

CALLBACK = "trainer:\n  callbacks:\n  - class_path: lightning.pytorch.callbacks."
LOGGER = "trainer:\n  logger:\n  - class_path: lightning.pytorch.loggers."
CASES = {
    "a value it refuses": (f"{CALLBACK}EarlyStopping\n    init_args: {{monitor: x, mode: bad}}\n", "min, max, got bad"),
    "a type error": (f"{CALLBACK}GradientAccumulationScheduler\n    init_args: {{scheduling: {{}}}}\n", "Empty dict"),
    "no such class": (f"{CALLBACK}Nothing\n", "has no attribute 'Nothing'"),
    "a package that is not there": (f"{LOGGER}CometLogger\n", "lightning.pytorch.loggers.CometLogger"),
    "no callback": ("trainer:\n  callbacks: [abc]\n", "is no Callback"),
}


@pytest.mark.parametrize("case", CASES)
def test_is_one_line(refused: Refused, tmp_path: Path, case: str) -> None:
    content, part = CASES[case]
    (tmp_path / "c.yaml").write_text(content)
    assert part in refused("fit", "-c", "c.yaml", *TINY, "--trainer.max_steps", 1, "--run", "r")


def part(name: str, arguments: str = "{}") -> str:
    """Return a configuration with a callback of Lightning, or one of this file."""
    return f"trainer:\n  callbacks:\n  - class_path: {name}\n    init_args: {arguments}\n"


class Narrow(Callback):
    """Its hook takes other arguments than Lightning gives it."""

    def on_train_batch_end(self, trainer: Any) -> None: ...  # pyright: ignore


class Failing(Callback):
    """Raises an error of two lines at step 2, or where it is made."""

    def __init__(self, at_once: bool = False) -> None:
        if at_once:
            raise RuntimeError("not here\nsecond line")

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step == 2:
            raise ZeroDivisionError("first line\nsecond line")


MINE = "tests.commands.test_foreign_classes."
LIGHTNING = "lightning.pytorch.callbacks."
REFUSED = {
    "a metric that is not there": (part(f"{LIGHTNING}EarlyStopping", "{monitor: x}"), "metric x after each validation"),
    "a timer": (part(f"{LIGHTNING}Timer", "{duration: '00:00:10:00'}"), "a value of lightning.pytorch.callbacks.Timer"),
    "an error in a constructor": (
        part(f"{MINE}Failing", "{at_once: true}"),
        "trainer.callbacks: Failing cannot be made: RuntimeError: not here. GAN_ZOO_TRACEBACK=1",
    ),
    "a checkpoint that is written later": (
        "trainer: {plugins: [{class_path: lightning.pytorch.plugins.io.AsyncCheckpointIO}]}\n",
        "trainer.plugins names AsyncCheckpointIO",
    ),
    "copies of the process": ("trainer: {strategy: ddp_spawn}\n", "trainer.strategy is ddp_spawn"),
    "a device that is not there": ("trainer: {accelerator: tpu}\n", "refuses trainer.accelerator tpu: Requirement"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_part_that_cannot_be_used_is_refused(refused: Refused, tmp_path: Path, case: str) -> None:
    content, message = REFUSED[case]
    (tmp_path / "c.yaml").write_text(content)
    device = [] if "tpu" in content else TINY[-4:-2]
    assert message in refused("fit", *TINY[:-4], *TINY[-2:], *device, "-c", "c.yaml", "--trainer.max_steps", 1)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Narrow", "trainer.callbacks: Narrow failed: TypeError: Narrow.on_train_batch_end() takes 2 positional"),
        ("Failing", "trainer.callbacks: Failing failed: ZeroDivisionError: first line. GAN_ZOO_TRACEBACK=1"),
    ],
)
def test_a_callback_that_fails_is_named(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, message: str
) -> None:
    (tmp_path / "c.yaml").write_text(part(MINE + kind))
    words = ("fit", *TINY, "-c", "c.yaml", "--trainer.max_steps", 3, "--run")
    result = command(*words, "r")
    assert result.code == 1 and result.err.count("\n") == 1 and message in result.err
    monkeypatch.setenv("GAN_ZOO_TRACEBACK", "1")
    shown = command(*words, "s").err
    assert "Traceback" in shown and "on_train_batch_end" in shown and shown.splitlines()[-1] in result.err


def test_data_without_what_the_model_reads_are_named(refused: Refused) -> None:
    model = ("--model", "CycleGAN", "--model.width", 2, "--model.discriminator_width", 2, "--data", "MNIST")
    message = refused("fit", *model, *TINY[-4:], "--trainer.max_steps", 1, "--run", "r")
    assert "CycleGAN reads 'a' from each batch, and those of MNIST hold image, label" in message
