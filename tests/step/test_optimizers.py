"""Gradient clipping and micro-batches in the update of each optimizer, and updates under autocast."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gan_zoo import penalties
from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.models.lsgan import LSGAN
from gan_zoo.models.wgan import WGAN
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.step import randomness
from gan_zoo.step.optimizers import Clipping, norm
from gan_zoo.training.trainer import Trainer
from tests.drivers.tiny import Tiny

MODELS: dict[str, tuple[type, dict[str, Any]]] = {
    "gan": (GAN, {"architecture": "mlp_relu"}),
    "lsgan": (LSGAN, {"architecture": "mlp"}),
    "wgan": (WGAN, {"architecture": "mlp", "n_critic": 2, "warm_up": 2}),
    "wgan_gp": (WGANGP, {"architecture": "mlp", "n_critic": 2}),
}
SMALL = {"image_shape": (1, 8, 8), "latent_dim": 3, "width": (8,)}


def parameters(*gradients: list[float]) -> list[nn.Parameter]:
    """Return parameters that have these gradients."""
    result = [nn.Parameter(torch.zeros(len(gradient))) for gradient in gradients]
    for parameter, gradient in zip(result, gradients, strict=True):
        parameter.grad = torch.tensor(gradient)
    return result


def test_the_norm_is_over_all_parameters_together() -> None:
    mine = parameters([3.0, 0.0], [4.0])
    assert_close(norm([*mine, nn.Parameter(torch.zeros(1))]), torch.tensor(5.0))
    Clipping(1.0)(mine)
    assert_close([p.grad for p in mine], [torch.tensor([0.6, 0.0]), torch.tensor([0.8])], rtol=1e-5, atol=0)
    Clipping(2.0)(mine)
    assert_close(norm(mine), torch.tensor(1.0), rtol=1e-5, atol=0)  # torch divides by norm + 1e-6


def test_clipping_by_value_bounds_each_value() -> None:
    mine = parameters([3.0, -0.5], [-4.0])
    Clipping(1.0, "value")(mine)
    assert_close([p.grad for p in mine], [torch.tensor([1.0, -0.5]), torch.tensor([-1.0])])
    Clipping()(mine)
    assert_close(norm(mine), torch.tensor(1.5))


class Watched:
    """Records the norm and the largest value of the gradients in each update. A base class before the model's."""

    def update(self: Any, optimizer: Any, *rest: Any) -> None:
        super().update(optimizer, *rest)  # pyright: ignore[reportAttributeAccessIssue]
        owned = [p for group in optimizer.param_groups for p in group["params"]]
        largest = max(float(p.grad.abs().max()) for p in owned)
        self.__dict__.setdefault("steps", []).append((float(norm(owned)), largest))


def train(name: str, *before: type, steps: int = 2, model: dict[str, Any] | None = None, **flags: Any) -> Any:
    kind, arguments = MODELS[name]
    trainer = Trainer(seed=1, max_steps=steps, accelerator="cpu", enable_progress_bar=False, **flags)
    watched: Any = type(f"Watched{kind.__name__}", (*before, kind), {})(**SMALL | arguments | (model or {}))
    trainer.fit(watched, Tiny(batch_size=8))
    assert trainer.global_step == steps
    return watched


@pytest.mark.parametrize("name", MODELS)
def test_gradient_clip_val_bounds_every_update(name: str) -> None:
    free = train(name, Watched).steps
    bound = sorted(length for length, _ in free)[len(free) // 2] / 2  # most updates are clipped
    by_norm = train(name, Watched, gradient_clip_val=bound).steps
    assert len(by_norm) == len(free) and all(length <= bound * 1.00001 for length, _ in by_norm)
    assert max(length for length, _ in by_norm) > bound * 0.999
    by_value = train(name, Watched, gradient_clip_val=1e-4, gradient_clip_algorithm="value").steps
    assert all(largest <= 1e-4 * 1.00001 for _, largest in by_value)
    assert max(largest for _, largest in free) > 1e-3


class SharedDraws:
    """Gives each micro-batch its part of the whole mini-batch's random numbers. A base class before the model's."""

    WHOLE = 8

    def latents(self: Any, n: int) -> Tensor:
        return self.part("latents", n, self.latent_dim)

    def weights(self: Any, real: Tensor) -> Tensor:
        return self.part("weights", len(real), 1)[:, :, None, None].sigmoid()

    def part(self: Any, what: str, n: int, size: int) -> Tensor:
        drawn = self.__dict__.setdefault("drawn", {})
        number = drawn[what] = drawn.get(what, -1) + 1
        parts = self.WHOLE // n
        whole = randomness.rows("normal", 0, self.WHOLE, size, randomness.key(what, number // parts))
        return whole[number % parts * n :][:n]


@pytest.mark.parametrize("name", MODELS)
def test_micro_batches_make_the_step_of_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With accumulate_grad_batches and the same random numbers, a step trains the same weights.

    They agree within 1e-6 after 5 steps, where weights are of order 0.1, because sums are rounded in another order.
    The networks have no batch norm.
    """

    def trained(parts: int) -> Any:
        class Weighted(SharedDraws):
            def discriminator_loss(self: Any, batch: Any) -> Any:
                monkeypatch.setattr(penalties, "interpolation_weights", self.weights)
                return super().discriminator_loss(batch)  # pyright: ignore[reportAttributeAccessIssue]

        return train(name, Weighted, steps=5, accumulate_grad_batches=parts)

    whole, cut = trained(1), trained(4)
    assert cut.images == whole.images and cut.drawn["latents"] == 4 * whole.drawn["latents"] + 3
    assert_close(cut.state_dict(), whole.state_dict(), rtol=0, atol=1e-6)
    assert_close(cut.ledger.state(), whole.ledger.state(), rtol=1e-5, atol=1e-6)


def test_a_minibatch_that_cannot_be_cut_is_refused() -> None:
    with pytest.raises(Mistake, match=r"8 images cannot be cut into 3 equal parts.*choose another data\.batch_size"):
        train("gan", accumulate_grad_batches=3)


# --- bf16-mixed ------------------------------------------------------------------------------------------------------


class ScoreWatcher:
    """Records the discriminator's score of an image before each of its updates. A base class before the model's."""

    def discriminator_loss(self: Any, batch: Any) -> Any:
        scores = self.__dict__.setdefault("scores", [])
        image = torch.ones(1, 1, 8, 8)
        with torch.no_grad():
            inside = self.discriminator(image)
            with torch.autocast("cpu", enabled=False):
                scores.append((inside.float(), self.discriminator(image)))
        return super().discriminator_loss(batch)  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(("name", "more"), [("wgan", {"weight_clip": 1.0}), ("wgan_gp", {})])
def test_an_update_under_autocast_uses_the_weights_of_the_previous_update(name: str, more: dict[str, Any]) -> None:
    """Autocast may keep bf16 copies of weights until its block ends, and a step with several updates is one block.

    Lightning turns this off, and this test checks that it does.
    """
    model = train(name, ScoreWatcher, steps=3, precision="bf16-mixed", model=more | {"learning_rate": 0.1})
    moves = [abs(float(b - a)) for (_, a), (_, b) in pairwise(model.scores)]
    assert max(moves) > 0.1, "the test needs weights that move"
    for inside, outside in model.scores:
        assert_close(inside, outside, rtol=0.02, atol=0.02)  # bf16 has 8 bits


@pytest.mark.parametrize("name", MODELS)
def test_bf16_mixed_trains_every_model(name: str) -> None:
    """tests/models/test_losses_under_autocast.py checks that each loss is computed in float32."""
    model = train(name, steps=3, precision="bf16-mixed")
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in model.parameters())


def test_penalties_run_in_float32_inside_autocast() -> None:
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 1), nn.Flatten(0))
    real, fake = torch.rand(4, 1, 8, 8), torch.rand(4, 1, 8, 8)

    def penalty(fake: Tensor) -> Tensor:
        torch.manual_seed(0)
        return penalties.gradient_penalty(discriminator, real, fake)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert discriminator(real).dtype == torch.bfloat16, "autocast is on"
        inside, rounded = penalty(fake), penalty(fake.bfloat16())
    assert inside.dtype == rounded.dtype == torch.float32
    assert_close(inside, penalty(fake), rtol=0, atol=0)
    assert_close(rounded, penalty(fake.bfloat16().float()), rtol=0, atol=0)
