"""Whether a classifier sees the classes that a generator was asked for."""

import torch

from gan_zoo import images, randomness
from gan_zoo.errors import Mistake
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.fakes import CHUNK
from gan_zoo.module import GenerativeModule


@torch.no_grad()
def class_agreement(
    model: GenerativeModule, extractor: Extractor, samples: int, seed: int = 0, averaged: bool = True
) -> float:
    """The share of `samples` images, of classes drawn uniformly, whose highest logit is the class asked for.

    Args:
        model: knows classes, on the extractor's device.
        extractor: tells as many classes, in the same order: `lenet` for digits.
        samples: images.
        seed: of latents and classes.
        averaged: from the generator's moving average, where the model keeps one.

    Raises:
        Mistake: the model knows no classes, or the extractor tells others.
    """
    if not model.num_classes or extractor.logits != model.num_classes:
        raise Mistake(
            f"{type(model).__name__} knows {model.num_classes} classes and {extractor.name} tells {extractor.logits}: "
            "agreement needs as many of both."
        )
    agreed = 0
    for first in range(0, samples, CHUNK):
        count = min(CHUNK, samples - first)
        asked = randomness.classes(first, count, model.num_classes, seed)
        made = images.to_uint8(model.sample(count, seed=seed, first=first, label=asked, averaged=averaged))
        logits = extractor.extract(made).logits
        assert logits is not None
        agreed += int((logits.argmax(1).cpu() == asked).sum())
    return agreed / samples
