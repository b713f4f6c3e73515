"""StarGAN: the step and the networks of its program, for a set of attributes, a set of classes, and both jointly."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gan_zoo.models.stargan import StarGAN
from tests.models.textbook.official import StarDiscriminator, StarGenerator
from tests.models.textbook.tools import Adam, Batch, compare, log_class, noise, penalty

SIZE, CRITIC, HALVINGS = 16, 3, 3
STEPS = 8
"""Enough steps that, at batch 2, some targets of the generator are labels of another image, in both sets."""
ATTRIBUTES, CLASSES = 2, 3
FACES: Any = {"names": ["young", "male"], "kind": "attributes", "exclusive": []}
MOODS: Any = {"names": ["happy", "sad", "angry"], "kind": "classes", "exclusive": [["happy", "sad", "angry"]]}


def log_attributes(logits: Tensor, label: Tensor) -> Tensor:
    """Return the log-probability of the attributes: summed over attributes, averaged over images."""
    p = 1 / (1 + torch.exp(-logits))
    return (label * torch.log(p) + (1 - label) * torch.log(1 - p)).sum(1).mean()


def faces(n: int) -> list[Batch]:
    """Return images with attributes. Each value of each attribute occurs in every step."""
    batches = noise(STEPS, CRITIC * n, (3, SIZE, SIZE))
    for number, batch in enumerate(batches):
        batch["label"] = (
            torch.arange(number, number + CRITIC * n)[:, None].bitwise_and(torch.tensor([1, 2])).sign() * 1.0
        )
    return batches


def moods(n: int) -> list[Batch]:
    """Return images with one class each."""
    return noise(STEPS, CRITIC * n, (3, SIZE, SIZE), classes=CLASSES)


def both(n: int) -> list[Batch]:
    """Return mini-batches of faces and moods in turn, with concatenated labels and the set of each image."""
    batches = faces(n)
    for number, (batch, other) in enumerate(zip(batches, moods(n), strict=True)):
        domain = (number + torch.arange(CRITIC * n) // n) % 2
        one_hot = torch.eye(CLASSES)[other["label"]]
        label = torch.cat([batch["label"] * (domain == 0)[:, None], one_hot * (domain == 1)[:, None]], 1)
        batch.update(label=label, domain=domain)
    return batches


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize(("sets", "make"), [((FACES,), faces), ((MOODS,), moods), ((FACES, MOODS), both)])
def test_stargan(n: int, sets: tuple[Any, ...], make: Any):
    """Choi 2018, Eq. 5 and 6, and for two sets the mask of Eq. 7.

    Targets are the labels of the mini-batch in random order. They are drawn again for the generator's update, where the
    program keeps those of the critic's last update. At batch 1 there is one order, and the step equals the program's.
    """
    labels = sum(len(label_set["names"]) for label_set in sets)
    condition_size = labels + (2 if len(sets) > 1 else 0)
    arguments: dict[str, Any] = {
        "width": 2,
        "blocks": 2,
        "discriminator_width": 2,
        "halvings": HALVINGS,
        "n_critic": CRITIC,
    }
    model = StarGAN((3, SIZE, SIZE), sets, **arguments)
    generator = StarGenerator(condition_size, 2, 2)
    discriminator = StarDiscriminator(SIZE, labels, 2, HALVINGS)
    generator.load_state_dict(model.generator.state_dict())
    discriminator.load_state_dict(model.discriminator.state_dict())
    adam_g, adam_d = (Adam(network, rate=1e-4, betas=(0.5, 0.999)) for network in (generator, discriminator))

    def unpack(batch: Batch) -> tuple[Tensor, Tensor, Tensor, int]:
        """Return the images, their labels as zeros and ones, targets in random order, and the set."""
        label, domain = batch["label"], int(batch["domain"][0]) if "domain" in batch else 0
        label = torch.eye(CLASSES)[label] if label.ndim == 1 else label
        return batch["image"], label, label[torch.randperm(n)], domain

    def condition(label: Tensor, domain: int) -> Tensor:
        mask = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[domain].repeat(n, 1)
        return torch.cat([label, mask], 1) if len(sets) > 1 else label

    def log_label(logits: Tensor, label: Tensor, domain: int) -> Tensor:
        if len(sets) > 1:
            own = slice(0, ATTRIBUTES) if domain == 0 else slice(ATTRIBUTES, None)
            logits, label = logits[:, own], label[:, own]
        if sets[domain] is FACES:
            return log_attributes(logits, label)
        return log_class(logits, label.argmax(1))

    swaps = {domain: 0 for domain in range(len(sets))}

    def step(_: int, minibatches: list[Batch]) -> None:
        for batch in minibatches:
            real, label, target, domain = unpack(batch)
            scores, logits = discriminator(real)
            fake = generator(real, condition(target, domain)).detach()
            critic = discriminator(fake)[0].mean() - scores.mean()
            slope = penalty(lambda x: discriminator(x)[0], real, fake)
            adam_d.descend(critic - log_label(logits, label, domain) + 10 * slope)
        real, label, target, domain = unpack(minibatches[-1])
        swaps[domain] += not torch.equal(target, label)
        fake = generator(real, condition(target, domain))
        scores, logits = discriminator(fake)
        back = generator(fake, condition(label, domain))
        adam_g.descend(-scores.mean() - log_label(logits, target, domain) + 10 * (real - back).abs().mean())

    compare(
        model,
        make(n),
        step,
        {"generator": generator, "discriminator": discriminator},
        adam_g,
        adam_d,
        minibatches=CRITIC,
    )
    assert n == 1 or min(swaps.values()) > 0, swaps
