"""Whether a classifier sees the classes that a generator was asked for."""

import math
from dataclasses import replace

import torch

from gan_zoo.distributed.strategy import gathered
from gan_zoo.errors import Mistake
from gan_zoo.metrics.evaluator import Scores, shares
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.fakes import Sampled
from gan_zoo.metrics.names import score_name
from gan_zoo.metrics.protocol import Protocol
from gan_zoo.metrics.score import Value


def refuse_other_classes(classes: int, what: str, told: Extractor) -> None:
    """Stop where the classifier does not tell as many classes as there are.

    Raises:
        Mistake: says how many either knows.
    """
    if not classes or told.logits != classes:
        raise Mistake(
            f"{what} knows {classes} classes and {told.name} tells {told.logits}: agreement needs as many of both."
        )


@torch.no_grad()
def class_agreement(fakes: Sampled, told: Extractor, samples: int, protocol: Protocol) -> tuple[Scores, Protocol]:
    """The share of images 0 to `samples` of `fakes` whose highest logit is the class asked for, and its conditions.

    Args:
        fakes: of a model that knows classes.
        told: tells as many classes, in the same order: `lenet` for digits.
        samples: images.
        protocol: of another score of the same images.

    Raises:
        Mistake: the model knows no classes, or the classifier tells others.
    """
    refuse_other_classes(fakes.model.num_classes, type(fakes.model).__name__, told)
    agreed = 0
    for first, count in shares(samples, fakes.unit):
        logits = told.extract(fakes.images(first, count)).logits
        assert logits is not None
        agreed += int((logits.argmax(1).cpu() == fakes.classes(first, count)).sum())
    share = sum(gathered(agreed)) / samples
    error = 1.96 * math.sqrt(share * (1 - share) / max(samples - 1, 1))
    used = replace(protocol, extractor=told.name, extractor_weights=told.fingerprint(), resize=told.resize)
    return {score_name("accuracy", told.name, samples): Value(share, (share - error, share + error))}, used
