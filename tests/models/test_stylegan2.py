"""StyleGAN2's lazy regularisers: equal to eager ones on average, with Adam corrected; and the mean path length."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.optim import SGD, Optimizer
from torch.testing import assert_close
from torch.utils.data import DataLoader

import gan_zoo
from gan_zoo import penalties
from gan_zoo.errors import Mistake
from gan_zoo.models.stylegan2 import StyleGAN2
from gan_zoo.module import Terms
from gan_zoo.step.optimizers import lazy_adam

SHAPE = (2, 8, 8)
SMALL: dict[str, Any] = {"latent_dim": 4, "width": 4, "mapping_layers": 2, "average_half_life": 0}


class Summed(SGD):
    """Leaves the weights as they are, and adds up all gradients that it is stepped with."""

    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        if closure:
            closure()
        for p in self.param_groups[0]["params"]:
            if p.grad is not None:
                self.state[p]["sum"] = self.state[p].get("sum", 0) + p.grad


class Still(StyleGAN2):
    """Its weights stay, its mean path length is 0, and all its path lengths have the same random numbers."""

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return Summed(self.generator.parameters(), lr=1.0), Summed(self.discriminator.parameters(), lr=1.0)

    def path_loss(self, batch: Any) -> Terms:
        torch.manual_seed(7)
        self.path_mean.zero_()
        return super().path_loss(batch)


def train(model: StyleGAN2, steps: int, n: int = 4) -> Any:
    image = torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    trainer = gan_zoo.trainer(seed=1, max_steps=steps, accelerator="cpu", enable_progress_bar=False)
    batches = [{"image": image.to(model.path_mean.dtype)}] * steps
    trainer.fit(model, DataLoader(batches, batch_size=None))  # pyright: ignore[reportArgumentType]
    return trainer


def test_the_mean_update_over_a_cycle_is_that_of_eager_regularisers() -> None:
    """Over six steps, R1 in every third and path length in every second give the sums of both in every step."""
    sums: list[list[Tensor]] = []
    torch.set_default_dtype(torch.float64)
    try:
        for penalty_every, path_every in ((1, 1), (3, 2)):
            torch.manual_seed(0)
            trainer = train(Still(SHAPE, 0, penalty_every=penalty_every, path_every=path_every, **SMALL), 6)
            sums.append([state["sum"] for optimizer in trainer.optimizers for state in optimizer.state.values()])
    finally:
        torch.set_default_dtype(torch.float32)
    eager, lazy = sums
    assert len(eager) > 40
    assert_close(lazy, eager)


@pytest.mark.parametrize("every", [1, 4, 16])
def test_corrected_adam_moves_in_a_cycle_as_far_as_the_ordinary_one(every: int) -> None:
    """Under a constant gradient Adam moves by its rate in each step, and every + 1 steps take the place of `every`.

    The memory of the second moment is the same after a cycle, too.
    """
    layer = torch.nn.Linear(1, 1, bias=False).double()
    before = layer.weight.detach().clone()
    adam = lazy_adam(layer, learning_rate=0.01, betas=(0.5, 0.9), every=every)
    for _ in range(every + 1):
        layer.weight.grad = torch.full_like(layer.weight, 3.0)
        adam.step()
    assert_close(before - layer.weight.detach(), torch.full_like(before, 0.01 * every))
    for average, beta, power in (("exp_avg", 0.5, 1), ("exp_avg_sq", 0.9, 2)):
        assert_close(adam.state[layer.weight][average], torch.full_like(before, 3.0**power * (1 - beta**every)))


def test_without_a_regulariser_adam_is_the_ordinary_one() -> None:
    model = StyleGAN2(SHAPE, 0, penalty_weight=0.0, path_weight=0.0, **SMALL)
    for optimizer in model.configure_optimizers():
        assert optimizer.param_groups[0]["lr"] == 2e-3 and optimizer.param_groups[0]["betas"] == (0.0, 0.99)
    trainer = train(model, 1)
    assert model.path_mean == 0
    assert all(state["step"] == 1 for optimizer in trainer.optimizers for state in optimizer.state.values())


def test_path_lengths_are_the_norms_of_a_linear_generators_columns() -> None:
    """Images A w: E[||A^T y||^2] = ||A||^2 / (h w), of which the root of the mean over layers is taken."""
    torch.manual_seed(0)
    matrix = torch.randn(3 * 5, 2 * 4 * 4)
    styles = torch.randn(20_000, 3, 5, requires_grad=True)
    lengths = penalties.path_lengths((styles.flatten(1) @ matrix).unflatten(1, (2, 4, 4)), styles)
    expected = matrix.square().sum() / 16 / 3
    assert_close(lengths.square().mean(), expected, rtol=0.02, atol=0)  # 20,000 draws: standard error 0.3 %
    assert_close(penalties.path_length(lengths, torch.tensor(2.0)), (lengths - 2).square().mean())


def test_a_generator_without_slope_has_paths_of_no_length_and_a_gradient() -> None:
    weight = torch.zeros(5, 16, requires_grad=True)
    styles = torch.randn(2, 1, 5, requires_grad=True)
    lengths = penalties.path_lengths((styles @ weight).unflatten(2, (4, 4)), styles)
    penalties.path_length(lengths, torch.tensor(1.0)).backward()
    assert lengths.eq(0).all() and weight.grad is not None and weight.grad.isfinite().all()


class Unmoved(Still):
    """Its weights stay, and it draws as it should."""

    path_loss = StyleGAN2.path_loss


@pytest.mark.slow  # 120 steps of two networks, 4 s
def test_the_mean_path_length_converges() -> None:
    """To that of a generator that stays as it is, from 0, as 1 - 0.99^k after k regularisers."""
    torch.manual_seed(0)
    model = Unmoved(SHAPE, 0, path_every=1, path_share=1.0, **SMALL)
    train(model, 120, n=16)
    expected = torch.stack([path_lengths_of(model) for _ in range(20)]).mean()
    # 16 lengths a step vary by about 40 % of themselves, and their mean over about a hundred steps by 1 %
    assert_close(model.path_mean / (1 - 0.99**120), expected, rtol=0.04, atol=0)


def path_lengths_of(model: StyleGAN2) -> Tensor:
    model._lengths.clear()
    model.path_loss({"image": torch.zeros(200, *SHAPE)})
    return model._lengths[0].mean()


@pytest.mark.parametrize("count", [0, 1])
def test_frozen_blocks_stay_as_they_are(count: int) -> None:
    model = StyleGAN2(SHAPE, 0, frozen_blocks=count, **SMALL)
    before = {name: p.detach().clone() for name, p in model.discriminator.named_parameters()}
    train(model, 2)
    for name, p in model.discriminator.named_parameters():
        is_frozen = count == 1 and not name.startswith("end.")  # 8 pixels have one block
        assert torch.equal(p, before[name]) == is_frozen, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path_share": 0.0}, "model.path_share is 0.0: it must be at most 1 and above 0"),
        ({"path_every": 0}, "model.path_every is 0"),
        ({"penalty_every": 0}, "model.penalty_every is 0"),
        ({"path_weight": -1.0}, "model.path_weight is -1.0"),
        ({"wide_until": 0}, "model.wide_until is 0"),
        ({"frozen_blocks": 2}, "model.frozen_blocks is 2: it must be at least 0 and at most 1"),
        ({"conditional": True}, "model.conditional needs labelled data"),
        ({"image_shape": (3, 48, 48)}, "image_shape has 48 x 48 pixels"),
    ],
)
def test_unusable_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(Mistake, match=message):
        StyleGAN2(**{"image_shape": SHAPE, "num_classes": 0, **SMALL, **arguments})
