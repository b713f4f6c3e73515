"""Class agreement: the share of generated images that a classifier assigns to the requested class."""

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


def refuse_other_classes(classes: int, model: str, classifier: Extractor) -> None:
    """Raise `Mistake` unless the classifier has as many classes as the model.

    Args:
        classes: Number of the model's classes.
        model: Name of the model, for the message.
        classifier: Extractor whose logits are compared with the classes.
    """
    if not classes or classifier.logits != classes:
        raise Mistake(
            f"{model} has {classes} classes and {classifier.name} has {classifier.logits}: agreement needs the same "
            "number, so name another --classifier or leave it out."
        )


@torch.no_grad()
def class_agreement(fakes: Sampled, classifier: Extractor, samples: int, protocol: Protocol) -> tuple[Scores, Protocol]:
    """Return the share of images 0 to `samples` whose highest logit is the requested class, with its protocol.

    Args:
        fakes: Samples of a model that has classes.
        classifier: Extractor with as many classes, in the same order: `lenet` for digits.
        samples: Number of images.
        protocol: Protocol of another score of the same images.

    Raises:
        Mistake: The model has no classes, or the classifier has another number of them.
    """
    refuse_other_classes(fakes.model.num_classes, type(fakes.model).__name__, classifier)
    agreements = 0
    for first, count in shares(samples, fakes.unit):
        logits = classifier.extract(fakes.images(first, count)).logits
        assert logits is not None
        agreements += int((logits.argmax(1).cpu() == fakes.classes(first, count)).sum())
    share = sum(gathered(agreements)) / samples
    error = 1.96 * math.sqrt(share * (1 - share) / max(samples - 1, 1))
    protocol = replace(protocol, **classifier.about())
    return {score_name("accuracy", classifier.name, samples): Value(share, (share - error, share + error))}, protocol
