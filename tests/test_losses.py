"""The losses, compared with closed forms written in NumPy."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gan_zoo import losses

REAL = np.array([-100.0, -3.0, -0.5, 0.0, 2.0, 100.0])
FAKE = np.array([100.0, 4.0, 1.5, 0.0, -1.0, -100.0])

A, B, C = -0.5, 2.0, 1.25  # different targets of least squares for fakes, for real images, and for the generator
LOSSES = {
    "hinge_discriminator": losses.hinge_discriminator,
    "least_squares_discriminator": partial(losses.least_squares_discriminator, a=A, b=B),
    "least_squares_generator": partial(losses.least_squares_generator, c=C),
    "minimax_discriminator": losses.minimax_discriminator,
    "minimax_generator": losses.minimax_generator,
    "non_saturating_generator": losses.non_saturating_generator,
    "wasserstein_discriminator": losses.wasserstein_discriminator,
    "wasserstein_generator": losses.wasserstein_generator,
}


def log_sigmoid(scores):
    return -np.logaddexp(0, -scores)


def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


VALUES = {
    "hinge_discriminator": np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean(),
    "least_squares_discriminator": ((REAL - B) ** 2).mean() / 2 + ((FAKE - A) ** 2).mean() / 2,
    "least_squares_generator": ((FAKE - C) ** 2).mean() / 2,
    "minimax_discriminator": -log_sigmoid(REAL).mean() - log_sigmoid(-FAKE).mean(),
    "minimax_generator": log_sigmoid(-FAKE).mean(),
    "non_saturating_generator": -log_sigmoid(FAKE).mean(),
    "wasserstein_discriminator": FAKE.mean() - REAL.mean(),
    "wasserstein_generator": -FAKE.mean(),
}
ONES = np.ones(6)
SLOPES = {  # derivatives of the sum over the 6 scores; those of the mean are a sixth
    # At the corner, the fake score of -1, torch's derivative of max(0, x) is 0.
    "hinge_discriminator": {"real": -1.0 * (REAL < 1), "fake": 1.0 * (FAKE > -1)},
    "least_squares_discriminator": {"real": REAL - B, "fake": FAKE - A},
    "least_squares_generator": {"fake": FAKE - C},
    "minimax_discriminator": {"real": sigmoid(REAL) - 1, "fake": sigmoid(FAKE)},
    "minimax_generator": {"fake": -sigmoid(FAKE)},
    "non_saturating_generator": {"fake": sigmoid(FAKE) - 1},
    "wasserstein_discriminator": {"real": -ONES, "fake": ONES},
    "wasserstein_generator": {"fake": -ONES},
}


def scores_of(name, dtype=torch.float64):
    scores = {"real": REAL, "fake": FAKE}
    return {side: torch.tensor(scores[side], dtype=dtype, requires_grad=True) for side in SLOPES[name]}


def test_every_loss_of_the_module_is_tested_here():
    public = {name for name in vars(losses) if name.endswith(("_discriminator", "_generator"))}
    assert public == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_value_is_the_closed_form(name):
    assert_close(LOSSES[name](**scores_of(name)), torch.tensor(VALUES[name]))


@pytest.mark.parametrize("name", LOSSES)
def test_derivative_is_the_closed_form(name):
    scores = scores_of(name)
    LOSSES[name](**scores).backward()
    for side, slope in SLOPES[name].items():
        assert_close(scores[side].grad, torch.tensor(slope) / 6)


def test_class_loss_is_minus_the_log_of_the_softmax():
    logits = np.array([[2.0, -1.0, 0.5], [100.0, -100.0, 0.0]])
    softmax = np.exp(logits - logits.max(1, keepdims=True))
    softmax /= softmax.sum(1, keepdims=True)
    loss = losses.auxiliary_class(logits=torch.tensor(logits), label=torch.tensor([1, 0]))
    assert_close(loss, torch.tensor(-np.log([softmax[0, 1], softmax[1, 0]]).mean()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("score", [-100.0, 100.0])
def test_value_and_gradient_are_finite_where_the_discriminator_is_sure(name, score, dtype):
    """exp(100) and log(sigmoid(-100)) are not finite in float32, so the loss must not compute them."""
    scores = {side: torch.full((4,), score, dtype=dtype, requires_grad=True) for side in SLOPES[name]}
    loss = LOSSES[name](**scores)
    loss.backward()
    assert loss.isfinite()
    for side in scores.values():
        assert side.grad is not None and side.grad.isfinite().all()


def test_the_loss_of_a_discriminator_with_zero_scores_is_log_4():
    zeros = torch.zeros(5, dtype=torch.float64)
    assert_close(losses.minimax_discriminator(real=zeros, fake=zeros), torch.tensor(math.log(4), dtype=torch.float64))


def test_discriminators_losses_are_lower_for_high_real_and_low_fake_scores():
    high, low = torch.full((3,), 5.0), torch.full((3,), -5.0)
    least_squares = partial(losses.least_squares_discriminator, a=0.0, b=1.0)
    for loss in (losses.minimax_discriminator, losses.wasserstein_discriminator, least_squares):
        assert loss(real=high, fake=low) < loss(real=low, fake=high)


@pytest.mark.parametrize(("loss", "slope"), [(losses.minimax_generator, 0.0), (losses.non_saturating_generator, -1.0)])
def test_generators_gradient_where_the_discriminator_is_sure_of_the_fakes(loss, slope):
    """The gradient of minimax vanishes, that of the non-saturating loss does not (Goodfellow 2014, section 3)."""
    fake = torch.tensor([-50.0], dtype=torch.float64, requires_grad=True)
    loss(fake=fake).backward()
    assert_close(fake.grad, torch.tensor([slope], dtype=torch.float64))


def test_minimax_is_a_zero_sum_game_on_the_fakes():
    real, fake = torch.randn(2, 7, dtype=torch.float64)
    of_real = -torch.nn.functional.logsigmoid(real).mean()
    game = losses.minimax_discriminator(real=real, fake=fake) + losses.minimax_generator(fake=fake)
    assert_close(game, of_real)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_do_not_depend_on_the_number_of_scores(name):
    once = scores_of(name)
    twice = {side: scores.repeat(2) for side, scores in once.items()}
    assert_close(LOSSES[name](**twice), LOSSES[name](**once))


CHOICES = [(-1.0, 1.0, 0.0), (0.0, 1.0, 1.0)]  # Pearson's chi-squared; the 0-1 coding


@pytest.mark.parametrize(("a", "b", "c"), CHOICES)
def test_least_squares_are_0_if_all_scores_are_on_target(a, b, c):
    real, fake = (torch.full((5,), value, dtype=torch.float64) for value in (b, a))
    zero = torch.zeros((), dtype=torch.float64)
    assert_close(losses.least_squares_discriminator(real=real, fake=fake, a=a, b=b), zero)
    assert_close(losses.least_squares_generator(fake=torch.full_like(fake, c), c=c), zero)


@pytest.mark.parametrize(("a", "b", "c"), CHOICES)
def test_best_least_squares_discriminator_of_equal_distributions_is_half_way(a, b, c):
    """The slope is 0 only at D* = (b p_data + a p_g) / (p_data + p_g) (Mao 2016, Eq. 5)."""
    score = torch.tensor([(a + b) / 2, (a + b) / 2 + 0.3], dtype=torch.float64, requires_grad=True)
    losses.least_squares_discriminator(real=score, fake=score, a=a, b=b).backward()
    assert_close(score.grad, torch.tensor([0.0, 0.3], dtype=torch.float64))  # the mean of two scores halves 2 * 0.3


@pytest.mark.parametrize(("p_data", "p_generated"), [(0.8, 0.2), (0.2, 0.8)])
def test_the_choice_of_pearson_minimises_the_chi_squared_divergence(p_data, p_generated):
    """With the best D, b - c = 1 and b - a = 2, twice G's criterion is chi-squared of p_data + p_g, 2 p_g (Eq. 8)."""
    a, b, c = CHOICES[0]
    data, generated = (torch.tensor([p, 1 - p], dtype=torch.float64) for p in (p_data, p_generated))
    best = (b * data + a * generated) / (data + generated)
    criterion = sum(  # over both distributions; G cannot change the part of the data
        p * 2 * losses.least_squares_generator(fake=score[None], c=c)
        for distribution in (data, generated)
        for p, score in zip(distribution, best, strict=True)
    )
    chi_squared = ((2 * generated - (data + generated)).square() / (data + generated)).sum()
    assert_close(criterion, chi_squared)
