"""Adversarial losses: functions from the raw scores of real and generated images to the scalar that is minimised.

Scores are logits, without a sigmoid: with `softplus`, values and gradients are finite at any score. Each loss passes
its inputs through `at_least_float32`, since a mean of bfloat16 scores near 10 is rounded to a multiple of 1/16.
"""

from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from gan_zoo.layers import at_least_float32 as precise

Scores = Float[Tensor, " *scores"]
Loss = Float[Tensor, ""]


def minimax_discriminator(*, real: Scores, fake: Scores) -> Loss:
    """Return -E[log D(x)] - E[log(1 - D(G(z)))], where D is the sigmoid of the score (Goodfellow 2014, Eq. 1).

    It is log 4 for a discriminator that cannot tell real images from generated ones.
    """
    return softplus(-precise(real)).mean() + softplus(precise(fake)).mean()


def minimax_generator(*, fake: Scores) -> Loss:
    """Return E[log(1 - D(G(z)))] (Goodfellow 2014, Eq. 1). Its gradient vanishes where D is sure."""
    return -softplus(precise(fake)).mean()


def non_saturating_generator(*, fake: Scores) -> Loss:
    """Return -E[log D(G(z))] (Goodfellow 2014, section 3).

    It has the same fixed point as `minimax_generator`, and a strong gradient where D is sure.
    """
    return softplus(-precise(fake)).mean()


def least_squares_discriminator(*, real: Scores, fake: Scores, a: float, b: float) -> Loss:
    """Return 1/2 E[(D(x) - b)^2] + 1/2 E[(D(G(z)) - a)^2] (Mao 2016, Eq. 2). It is 0 if D is right everywhere."""
    return (precise(real) - b).square().mean() / 2 + (precise(fake) - a).square().mean() / 2


def least_squares_generator(*, fake: Scores, c: float) -> Loss:
    """Return 1/2 E[(D(G(z)) - c)^2] (Mao 2016, Eq. 2). Its gradient is proportional to the distance from c."""
    return (precise(fake) - c).square().mean() / 2


def wasserstein_discriminator(*, real: Scores, fake: Scores) -> Loss:
    """Return E[D(G(z))] - E[D(x)], minus the critic's estimate of the distance (Arjovsky 2017, Eq. 2)."""
    return precise(fake).mean() - precise(real).mean()


def wasserstein_generator(*, fake: Scores) -> Loss:
    """Return -E[D(G(z))] (Arjovsky 2017, Theorem 3)."""
    return -precise(fake).mean()


def hinge_discriminator(*, real: Scores, fake: Scores) -> Loss:
    """Return E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))] (Miyato 2018, Eq. 16). It is 0 beyond the margins."""
    return (1 - precise(real)).relu().mean() + (1 + precise(fake)).relu().mean()


def auxiliary_class(*, logits: Float[Tensor, "n k"], label: Int64[Tensor, " n"]) -> Loss:
    """Return -E[log P(C = c | x)], where P is the softmax of the class logits (Odena 2017, Eq. 3)."""
    return cross_entropy(precise(logits), label)
