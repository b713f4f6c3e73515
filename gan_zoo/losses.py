"""Adversarial losses: raw scores of real and generated images to the scalar that is minimised.

Scores are logits, never squashed: `softplus` keeps every value and gradient finite at any score. Each loss takes its
inputs through `at_least_float32`, since a mean of bfloat16 scores near 10 is rounded to a multiple of 1/16.
"""

from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from gan_zoo.layers import at_least_float32 as precise

Scores = Float[Tensor, " *scores"]
Loss = Float[Tensor, ""]


def minimax_discriminator(*, real: Scores, fake: Scores) -> Loss:
    """-E[log D(x)] - E[log(1 - D(G(z)))], D = sigmoid(score): log 4 where D knows nothing (Goodfellow 2014, Eq. 1)."""
    return softplus(-precise(real)).mean() + softplus(precise(fake)).mean()


def minimax_generator(*, fake: Scores) -> Loss:
    """E[log(1 - D(G(z)))]: vanishing gradient where D is sure (Goodfellow 2014, Eq. 1)."""
    return -softplus(precise(fake)).mean()


def non_saturating_generator(*, fake: Scores) -> Loss:
    """-E[log D(G(z))]: the same fixed point, strong gradient where D is sure (Goodfellow 2014, section 3)."""
    return softplus(-precise(fake)).mean()


def least_squares_discriminator(*, real: Scores, fake: Scores, a: float, b: float) -> Loss:
    """1/2 E[(D(x) - b)^2] + 1/2 E[(D(G(z)) - a)^2]: 0 at a D that is right everywhere (Mao 2016, Eq. 2)."""
    return (precise(real) - b).square().mean() / 2 + (precise(fake) - a).square().mean() / 2


def least_squares_generator(*, fake: Scores, c: float) -> Loss:
    """1/2 E[(D(G(z)) - c)^2]: gradient in proportion to the distance from c (Mao 2016, Eq. 2)."""
    return (precise(fake) - c).square().mean() / 2


def wasserstein_discriminator(*, real: Scores, fake: Scores) -> Loss:
    """E[D(G(z))] - E[D(x)]: minus the critic's estimate of the distance (Arjovsky 2017, Eq. 2)."""
    return precise(fake).mean() - precise(real).mean()


def wasserstein_generator(*, fake: Scores) -> Loss:
    """-E[D(G(z))] (Arjovsky 2017, Theorem 3)."""
    return -precise(fake).mean()


def hinge_discriminator(*, real: Scores, fake: Scores) -> Loss:
    """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]: 0 where every score is beyond its margin (Miyato 2018, Eq. 16)."""
    return (1 - precise(real)).relu().mean() + (1 + precise(fake)).relu().mean()


def auxiliary_class(*, logits: Float[Tensor, "n k"], label: Int64[Tensor, " n"]) -> Loss:
    """-E[log P(C = c | x)], P the softmax of the class logits (Odena 2017, Eq. 3)."""
    return cross_entropy(precise(logits), label)
