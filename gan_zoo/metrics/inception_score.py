"""The Inception score (Salimans 2016, section 4): are generated images of clear classes, and of all of them?"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from gan_zoo.metrics.score import KeepsFeatures, at_least

SPLITS = 10
SEED = 2020  # torch-fidelity's


def inception_scores(logits: Float[Tensor, "n k"], splits: int = SPLITS) -> Float64[Tensor, " {splits}"]:
    """exp E KL(p(y | x) || p(y)) of each of `splits` parts of the images, shuffled as torch-fidelity shuffles them.

    p(y) is a part's mean p(y | x). Between 1 and the number of classes.

    Raises:
        Mistake: fewer images than splits.
    """
    at_least(splits, "The Inception score", generated=len(logits))
    order = torch.from_numpy(np.random.RandomState(SEED).permutation(len(logits)))
    logarithms = logits[order.to(logits.device)].double().log_softmax(1)
    bounds = [part * len(logits) // splits for part in range(splits + 1)]
    parts = [logarithms[first:last] for first, last in pairwise(bounds)]
    return torch.stack([(part.exp() * (part - part.exp().mean(0).log())).sum(1).mean().exp() for part in parts])


class InceptionScore(KeepsFeatures):
    """Mean of `inception_scores` of all generated images: `is`, with one standard deviation of the splits each way.

    Args:
        features: number of classes.
    """

    higher_is_better = True
    needs = "logits"
    sides = ("fake",)

    def update(self, features: Float[Tensor, "n k"], real: bool = False) -> None:
        """Take in the logits of some generated images; real ones are passed over, as they have no part in it."""
        if not real:
            super().update(features, real=False)

    def _values(self, reference: Mapping[str, Any], fake: Float[Tensor, "n k"]) -> dict[str, Tensor]:
        scores = inception_scores(fake)
        mean, spread = scores.mean(), scores.std(correction=0)
        return {"is": mean, "is_low": mean - spread, "is_high": mean + spread}
