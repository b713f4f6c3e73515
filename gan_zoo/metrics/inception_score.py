"""The Inception score (Salimans 2016, section 4): is the class of each image clear, and do all classes occur?"""

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
    """Return exp E KL(p(y | x) || p(y)) for each of `splits` parts of the images, shuffled as in torch-fidelity.

    p(y) is the mean p(y | x) of the part. Values lie between 1 and the number of classes.

    Raises:
        Mistake: There are fewer images than splits.
    """
    at_least(splits, "The Inception score", generated=len(logits))
    order = torch.from_numpy(np.random.RandomState(SEED).permutation(len(logits)))
    logarithms = logits[order.to(logits.device)].double().log_softmax(1)
    bounds = [part * len(logits) // splits for part in range(splits + 1)]
    parts = [logarithms[first:last] for first, last in pairwise(bounds)]
    return torch.stack([(part.exp() * (part - part.exp().mean(0).log())).sum(1).mean().exp() for part in parts])


class InceptionScore(KeepsFeatures):
    """The mean of `inception_scores`: `is`, with one standard deviation of the splits to each side.

    Args:
        features: Number of classes.
    """

    higher_is_better = True
    needs = "logits"
    sides = ("fake",)

    def update(self, features: Float[Tensor, "n k"], real: bool = False) -> None:
        """Add the logits of some generated images. Real images are ignored: the score does not use them."""
        if not real:
            super().update(features, real=False)

    def _values(self, reference: Mapping[str, Any], fake: Float[Tensor, "n k"]) -> dict[str, Tensor]:
        scores = inception_scores(fake)
        mean, spread = scores.mean(), scores.std(correction=0)
        return {"is": mean, "is_low": mean - spread, "is_high": mean + spread}
