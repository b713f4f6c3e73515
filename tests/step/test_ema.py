"""The exponential moving average of the generator, compared with closed forms."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo.step import ema


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()


@pytest.mark.parametrize("weight", [0.0, 0.9, 0.999])
def test_average_of_a_constant_drift_is_the_closed_form(weight):
    """If weights move by d a step, their average lags d (w + ... + w^n) = d w (1 - w^n) / (1 - w) behind after n."""
    drift, steps = 0.25, 50
    moving = network()
    averaged = ema.start(moving)
    for _ in range(steps):
        with torch.no_grad():
            for p in moving.parameters():
                p += drift
        ema.update(averaged, moving, weight)
    lag = drift * weight * (1 - weight**steps) / (1 - weight)
    for mine, theirs in zip(averaged.parameters(), moving.parameters(), strict=True):
        assert_close(mine, theirs - lag)


@pytest.mark.parametrize("batch", [1, 64, 1000])
def test_after_its_half_life_an_old_weight_counts_half_whatever_the_batch(batch):
    """Long after the start, the factors of all steps within a half-life of 1,000 images multiply to one half."""
    total, images = 1.0, 0
    while images < 8000:
        images += batch
        total *= ema.decay(half_life=1000, images=batch, shown=10_000_000 + images)
    assert_close(total, 0.5 ** (images / 1000))


@pytest.mark.parametrize(("shown", "half_life"), [(100, 5.0), (20_000, 1000.0), (20_001, 1000.0), (10**9, 1000.0)])
def test_half_life_ramps_up_with_the_images_shown(shown, half_life):
    """The half-life is 5 % of the images shown, until it reaches its final 1,000 after 20,000 images."""
    assert_close(ema.decay(half_life=1000, images=64, shown=shown), 0.5 ** (64 / half_life))


@pytest.mark.parametrize(("batch", "beta"), [(16, 0.998892), (32, 0.997784), (64, 0.995574)])
def test_the_decay_of_a_step_is_the_number_in_stylegans_program(batch, beta):
    assert ema.decay(half_life=10_000, images=batch, shown=10**9) == pytest.approx(beta, abs=5e-7)


def test_without_ramp_up_the_first_step_would_hardly_count():
    assert ema.decay(half_life=10_000, images=64, shown=64) < 1e-5
    assert_close(ema.decay(half_life=10_000, images=64, shown=64, ramp_up=1e9), 0.5 ** (64 / 10_000))


def test_buffers_are_copied_and_counters_stay_integers():
    moving = network()
    averaged = ema.start(moving)
    for _ in range(3):
        moving(torch.randn(8, 3, dtype=torch.float64))
    ema.update(averaged, moving, 0.99)
    for name, buffer in moving.named_buffers():
        assert_close(averaged.get_buffer(name), buffer, rtol=0, atol=0)
    counter = averaged.get_buffer("1.num_batches_tracked")
    assert counter.dtype == torch.int64 and counter.item() == 3


def test_average_has_its_own_tensors():
    moving = network()
    averaged = ema.start(moving)
    before = [p.clone() for p in averaged.parameters()]
    with torch.no_grad():
        for tensor in (*moving.parameters(), *moving.buffers()):
            tensor += 1
    assert_close(list(averaged.parameters()), before)
    assert averaged.get_buffer("1.num_batches_tracked").item() == 0


def test_average_requires_no_gradient_and_gets_none():
    moving = network()
    averaged = ema.start(moving)
    ema.update(averaged, moving, 0.5)
    assert not any(p.requires_grad or p.grad_fn for p in averaged.parameters())
    assert all(p.requires_grad for p in moving.parameters()), "the network itself still trains"
