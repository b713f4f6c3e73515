"""Schedules in closed form, and as a model's optimizers apply them, also across a stop and a resume."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import pytest
import torch
from torch.testing import assert_close

from gan_zoo import schedules
from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.training.trainer import Trainer
from tests.drivers.tiny import Tiny


def test_a_line_is_flat_then_straight_then_flat() -> None:
    values = [schedules.line(step, start=10, end=20, first=0.5, last=0.7) for step in (0, 10, 15, 20, 99)]
    assert_close(values, [0.5, 0.5, 0.6, 0.7, 0.7])
    assert schedules.line(3, start=3, end=3, first=1.0, last=2.0) == 2.0, "a jump"


def test_linear_decay_is_that_of_pix2pix() -> None:
    """1 for 100 epochs, then linearly down to 0 at the end of the 200th; here an epoch is one step."""
    assert [schedules.linear_decay(step, start=100, end=200) for step in (0, 100, 150, 199, 200, 300)] == [
        1.0,
        1.0,
        0.5,
        pytest.approx(0.01),
        0.0,
        0.0,
    ]
    assert schedules.linear_decay(10**9, end=0) == 1.0, "no end"


def test_exponential_decay_is_that_of_goodfellows_program() -> None:
    """Each step divides the rate of 0.1 by 1.000004: it halves in ln 2 / 4e-6 = 173,287 steps; its least is 1e-6."""

    def rate(step: int) -> float:
        return 0.1 * schedules.exponential_decay(step, divisor=1.000004, least=1e-5)

    assert rate(0) == 0.1
    assert rate(173_287) == pytest.approx(0.05, rel=1e-5)
    assert rate(10**9) == pytest.approx(1e-6)


def test_a_half_cosine_is_flat_at_both_ends_and_half_way_in_the_middle() -> None:
    values = [schedules.half_cosine(step, end=100, first=0.9, last=0.99) for step in (0, 25, 50, 75, 100, 10**9)]
    quarter = 0.09 * (1 - math.sqrt(0.5)) / 2
    assert values == pytest.approx([0.9, 0.9 + quarter, 0.945, 0.99 - quarter, 0.99, 0.99], abs=1e-15)
    assert schedules.half_cosine(0, end=0, first=1.0, last=2.0) == 2.0, "a jump"


class Rates(L.Callback):
    """Records the learning rates of each step."""

    def __init__(self) -> None:
        self.steps: list[list[float]] = []

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        self.steps.append([optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers])


def train(make: Callable[[], Any], steps: int, run: Path | None = None, **more: Any) -> list[list[float]]:
    rates = Rates()
    trainer = Trainer(run=run, max_steps=steps, accelerator="cpu", callbacks=[rates], enable_progress_bar=False, **more)
    trainer.fit(make(), Tiny())  # the model is made after the Trainer, which seeds
    return rates.steps


def wgan_gp(decay_until: int) -> Callable[[], WGANGP]:
    return partial(WGANGP, image_shape=(1, 8, 8), architecture="mlp", width=(4,), latent_dim=2, decay_until=decay_until)


def test_the_rates_of_a_model_follow_its_schedule() -> None:
    assert_close(train(wgan_gp(5), 5), [[1e-4 * (1 - step / 5)] * 2 for step in range(5)])
    assert train(wgan_gp(0), 3) == [[1e-4] * 2] * 3
    gan = partial(GAN, image_shape=(1, 8, 8), width=(4,), latent_dim=2, learning_rate=1.0, rate_divisor=2.0)
    assert_close(train(gan, 4), [[0.5**step] * 2 for step in range(4)])


def test_a_resumed_run_continues_its_schedule(tmp_path: Path) -> None:
    first = train(wgan_gp(9), 4, tmp_path / "parts")
    second = train(wgan_gp(9), 7, tmp_path / "parts")
    assert first + second == train(wgan_gp(9), 7, tmp_path / "whole")
    parts, whole = (torch.load(tmp_path / name / "checkpoints/last.ckpt") for name in ("parts", "whole"))
    assert_close(parts["state_dict"], whole["state_dict"], rtol=0, atol=0)


def test_a_run_ends_where_its_rate_does(tmp_path: Path) -> None:
    train(wgan_gp(4), 4, tmp_path / "x")
    with pytest.raises(Mistake, match="come down to 0 at step 4, where this run ends"):
        train(wgan_gp(4), 6, tmp_path / "x")
    with pytest.raises(Mistake, match=r"model\.decay_until 4 there, 6 here"):
        train(wgan_gp(6), 6, tmp_path / "x")
    with pytest.raises(Mistake, match=r"come down to 0 at step 4.*needs trainer\.max_steps"):
        train(wgan_gp(4), -1, max_images=10_000)


class WithScheduler(GAN):
    def configure_optimizers(self) -> Any:
        optimizers = super().configure_optimizers()
        return list(optimizers), [torch.optim.lr_scheduler.StepLR(optimizers[0], 1)]


def test_a_scheduler_that_nothing_would_step_is_refused() -> None:
    with pytest.raises(Mistake, match=r"write `rate\(step\)`"):
        train(partial(WithScheduler, image_shape=(1, 8, 8), width=(4,)), 1)


class Moving(GAN):
    """Its second beta follows a schedule."""

    name = "betas"

    def optimizer_options(self, step: int) -> dict[str, Any]:
        return {self.name: (0.5, schedules.line(step, start=0, end=4, first=0.9, last=0.99))}


class Misnamed(Moving):
    name = "momentum"


def moving(model: type[Moving], steps: int, run: Path | None = None) -> list[float]:
    """Train for `steps` steps, and return the second beta after the last for each optimizer."""
    trainer = Trainer(run=run, max_steps=steps, accelerator="cpu", enable_progress_bar=False)
    trainer.fit(model((1, 8, 8), width=(4,), latent_dim=2), Tiny())
    return [optimizer.param_groups[0]["betas"][1] for optimizer in trainer.optimizers]


def test_options_follow_a_schedule_through_a_resume(tmp_path: Path) -> None:
    assert moving(Moving, 1) == [0.9] * 2
    moving(Moving, 2, tmp_path / "parts")
    assert moving(Moving, 4, tmp_path / "parts") == moving(Moving, 4, tmp_path / "whole") == pytest.approx([0.9675] * 2)
    parts, whole = (torch.load(tmp_path / name / "checkpoints/last.ckpt") for name in ("parts", "whole"))
    assert_close(parts["state_dict"], whole["state_dict"], rtol=0, atol=0)


def test_an_option_that_the_optimizer_does_not_have_is_refused() -> None:
    with pytest.raises(Mistake, match=r"returns momentum, which cannot be set so in Adam: choose from amsgrad, betas"):
        moving(Misnamed, 1)
