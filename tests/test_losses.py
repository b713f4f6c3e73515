"""The losses, against closed forms written with NumPy."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gan_zoo import losses

REAL = np.array([-100.0, -3.0, -0.5, 0.0, 2.0, 100.0])
FAKE = np.array([100.0, 4.0, 1.5, 0.0, -1.0, -100.0])

A, B, C = -0.5, 2.0, 1.25  # least squares: the targets of fakes, of reals, and of the generator, all unlike
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
ONE = np.ones(6)
SLOPES = {  # of the sum over scores: times 6 what the mean's is
    # at the corner, the fake of -1, torch's derivative of max(0, x) is 0
    "hinge_discriminator": {"real": -1.0 * (REAL < 1), "fake": 1.0 * (FAKE > -1)},
    "least_squares_discriminator": {"real": REAL - B, "fake": FAKE - A},
    "least_squares_generator": {"fake": FAKE - C},
    "minimax_discriminator": {"real": sigmoid(REAL) - 1, "fake": sigmoid(FAKE)},
    "minimax_generator": {"fake": -sigmoid(FAKE)},
    "non_saturating_generator": {"fake": sigmoid(FAKE) - 1},
    "wasserstein_discriminator": {"real": -ONE, "fake": ONE},
    "wasserstein_generator": {"fake": -ONE},
}


def scores_of(name, dtype=torch.float64):
    given = {"real": REAL, "fake": FAKE}
    return {side: torch.tensor(given[side], dtype=dtype, requires_grad=True) for side in SLOPES[name]}


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
    given = losses.auxiliary_class(logits=torch.tensor(logits), label=torch.tensor([1, 0]))
    assert_close(given, torch.tensor(-np.log([softmax[0, 1], softmax[1, 0]]).mean()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("score", [-100.0, 100.0])
def test_value_and_gradient_are_finite_where_the_discriminator_is_sure(name, score, dtype):
    """exp(100) and log(sigmoid(-100)) are not finite in float32: the loss must never form them."""
    scores = {side: torch.full((4,), score, dtype=dtype, requires_grad=True) for side in SLOPES[name]}
    loss = LOSSES[name](**scores)
    loss.backward()
    assert loss.isfinite()
    for one in scores.values():
        assert one.grad is not None and one.grad.isfinite().all()


def test_discriminator_that_knows_nothing_loses_log_4():
    nothing = torch.zeros(5, dtype=torch.float64)
    assert_close(
        losses.minimax_discriminator(real=nothing, fake=nothing), torch.tensor(math.log(4), dtype=torch.float64)
    )


def test_discriminator_wants_real_scores_high_and_fake_scores_low():
    high, low = torch.full((3,), 5.0), torch.full((3,), -5.0)
    least_squares = partial(losses.least_squares_discriminator, a=0.0, b=1.0)
    for loss in (losses.minimax_discriminator, losses.wasserstein_discriminator, least_squares):
        assert loss(real=high, fake=low) < loss(real=low, fake=high)


@pytest.mark.parametrize(("loss", "slope"), [(losses.minimax_generator, 0.0), (losses.non_saturating_generator, -1.0)])
def test_generators_gradient_where_the_discriminator_is_sure_of_the_fakes(loss, slope):
    """Minimax vanishes, the non-saturating loss does not (Goodfellow 2014, section 3)."""
    fake = torch.tensor([-50.0], dtype=torch.float64, requires_grad=True)
    loss(fake=fake).backward()
    assert_close(fake.grad, torch.tensor([slope], dtype=torch.float64))


def test_minimax_generator_maximises_what_the_discriminator_minimises_on_the_fakes():
    real, fake = torch.randn(2, 7, dtype=torch.float64)
    of_real = -torch.nn.functional.logsigmoid(real).mean()
    game = losses.minimax_discriminator(real=real, fake=fake) + losses.minimax_generator(fake=fake)
    assert_close(game, of_real)


@pytest.mark.parametrize("name", LOSSES)
def test_number_of_scores_does_not_matter_only_their_mean(name):
    once = scores_of(name)
    twice = {side: one.repeat(2) for side, one in once.items()}
    assert_close(LOSSES[name](**twice), LOSSES[name](**once))


CHOICES = [(-1.0, 1.0, 0.0), (0.0, 1.0, 1.0)]  # Pearson's chi squared; the 0-1 coding


@pytest.mark.parametrize(("a", "b", "c"), CHOICES)
def test_least_squares_are_zero_where_all_scores_are_what_is_wanted(a, b, c):
    real, fake = (torch.full((5,), value, dtype=torch.float64) for value in (b, a))
    nothing = torch.zeros((), dtype=torch.float64)
    assert_close(losses.least_squares_discriminator(real=real, fake=fake, a=a, b=b), nothing)
    assert_close(losses.least_squares_generator(fake=torch.full_like(fake, c), c=c), nothing)


@pytest.mark.parametrize(("a", "b", "c"), CHOICES)
def test_best_least_squares_discriminator_of_equal_distributions_is_half_way(a, b, c):
    """D* = (b p_data + a p_g) / (p_data + p_g) (Mao 2016, Eq. 5): the slope is zero there, and only there."""
    score = torch.tensor([(a + b) / 2, (a + b) / 2 + 0.3], dtype=torch.float64, requires_grad=True)
    losses.least_squares_discriminator(real=score, fake=score, a=a, b=b).backward()
    assert_close(score.grad, torch.tensor([0.0, 0.3], dtype=torch.float64))  # mean of two: half of 2 * 0.3


@pytest.mark.parametrize(("p_data", "p_generated"), [(0.8, 0.2), (0.2, 0.8)])
def test_pearson_choice_is_the_divergence_that_the_paper_says(p_data, p_generated):
    """With the best D and b - c = 1, b - a = 2, twice G's criterion is chi squared of p_data + p_g, 2 p_g (Eq. 8)."""
    a, b, c = CHOICES[0]
    data, generated = (torch.tensor([p, 1 - p], dtype=torch.float64) for p in (p_data, p_generated))
    best = (b * data + a * generated) / (data + generated)
    criterion = sum(  # each outcome with its weight; G's part and the data's, which G cannot change
        p * 2 * losses.least_squares_generator(fake=score[None], c=c)
        for distribution in (data, generated)
        for p, score in zip(distribution, best, strict=True)
    )
    chi_squared = ((2 * generated - (data + generated)).square() / (data + generated)).sum()
    assert_close(criterion, chi_squared)
