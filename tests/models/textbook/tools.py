"""The textbook's optimizers, losses and penalty, and the comparison of its training with that of our model."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.testing import assert_close
from torch.utils.data import DataLoader

import gan_zoo
from gan_zoo.step import randomness

SEED, STEPS = 3, 3
WEIGHTS = 1e-9
"""Tolerance for weights. A step is 5e-5 or longer. The largest difference observed is 2e-10: gradients that are 0 up to
rounding, such as that of a bias before batch norm, are divided by Adam's epsilon, 1e-8."""
AVERAGES = 1e-12
"""Tolerance for averages of gradients. Sums of numbers of up to 100 in another order differ by 1e-13 at most."""
AVERAGED = {"exp_avg": 1.0, "exp_avg_sq": 0.5, "square_avg": 0.5}
"""Names of the averages in PyTorch's optimizers, and the power that brings each to the scale of gradients."""
Batch = dict[str, Tensor]
Step = Callable[[int, list[Batch]], None]
"""A step of the textbook: a function of its number, from 0, and its mini-batches."""


class Adam:
    """Kingma and Ba 2014, Algorithm 1, with its epsilon of 1e-8.

    Args:
        networks: The networks whose parameters are updated together.
        rate: Step size. A schedule may change it between two steps.
        betas: The two decay rates.
    """

    def __init__(self, *networks: nn.Module, rate: float, betas: tuple[float, float]) -> None:
        self.parameters = [p for network in networks for p in network.parameters()]
        self.rate, self.betas, self.t = rate, betas, 0
        self.m, self.v = ([torch.zeros_like(p) for p in self.parameters] for _ in range(2))

    def descend(self, loss: Tensor) -> None:
        """Take one step that lowers `loss`. Only the parameters of this optimizer get gradients."""
        gradients = torch.autograd.grad(loss, self.parameters)
        self.t += 1
        b1, b2 = self.betas
        for p, g, m, v in zip(self.parameters, gradients, self.m, self.v, strict=True):
            m.copy_(b1 * m + (1 - b1) * g)
            v.copy_(b2 * v + (1 - b2) * g**2)
            unbiased_m, unbiased_v = m / (1 - b1**self.t), v / (1 - b2**self.t)
            p.data -= self.rate * unbiased_m / (unbiased_v**0.5 + 1e-8)

    def averages(self) -> Iterator[tuple[nn.Parameter, list[Tensor]]]:
        """Yield each weight with the average of its gradient, and the root of the average of its square."""
        return ((p, [m, v**0.5]) for p, m, v in zip(self.parameters, self.m, self.v, strict=True))


class RMSProp:
    """Hinton's lecture 6e, with a decay of 0.99 and an epsilon of 1e-8, the defaults that WGAN's program uses."""

    def __init__(self, network: nn.Module, rate: float) -> None:
        self.parameters, self.rate = list(network.parameters()), rate
        self.v = [torch.zeros_like(p) for p in self.parameters]

    def descend(self, loss: Tensor) -> None:
        """Take one step that lowers `loss`."""
        for p, g, v in zip(self.parameters, torch.autograd.grad(loss, self.parameters), self.v, strict=True):
            v.copy_(0.99 * v + 0.01 * g**2)
            p.data -= self.rate * g / (v**0.5 + 1e-8)

    def averages(self) -> Iterator[tuple[nn.Parameter, list[Tensor]]]:
        """Yield each weight with the root of the average of its squared gradient."""
        return ((p, [v**0.5]) for p, v in zip(self.parameters, self.v, strict=True))


def log_real(scores: Tensor) -> Tensor:
    """Return E[log D], where D is the sigmoid of the scores."""
    return torch.log(1 / (1 + torch.exp(-scores))).mean()


def log_fake(scores: Tensor) -> Tensor:
    """Return E[log(1 - D)], where D is the sigmoid of the scores."""
    return torch.log(1 - 1 / (1 + torch.exp(-scores))).mean()


def log_class(logits: Tensor, label: Tensor) -> Tensor:
    """Return E[log P(label)], where P is the softmax of the logits."""
    probability = torch.exp(logits) / torch.exp(logits).sum(1, keepdim=True)
    return torch.log(probability[torch.arange(len(label)), label]).mean()


def penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Return the penalty of WGAN-GP's Algorithm 1, lines 5 to 7, without its weight."""
    between = torch.rand(len(real), 1, 1, 1)
    x = (real + between * (fake - real)).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (((slope**2).sum((1, 2, 3)) ** 0.5 - 1) ** 2).mean()


def normal(n: int, size: int) -> Tensor:
    """Return latents from N(0, I)."""
    return torch.randn(n, size)


def uniform(n: int, size: int) -> Tensor:
    """Return latents that are uniform on [-1, 1]."""
    return 2 * torch.rand(n, size) - 1


def copied(network: nn.Module) -> Any:
    """Return a copy for the textbook in contiguous memory; our networks may be channels-last."""
    return deepcopy(network).to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]


def noise(
    steps: int, n: int, shape: tuple[int, ...], keys: Iterable[str] = ("image",), classes: int = 0
) -> list[Batch]:
    """Return a batch for each step, with `n` images under each of `keys`, and labels if there are classes."""
    draw = torch.Generator().manual_seed(1)
    batches: list[Batch] = []
    for _ in range(steps):
        batches.append({key: torch.rand(n, *shape, generator=draw) * 2 - 1 for key in keys})
        if classes:
            batches[-1]["label"] = torch.randint(classes, (n,), generator=draw)
    return batches


def compare(
    model: Any,
    batches: list[Batch],
    step: Step,
    networks: dict[str, nn.Module],
    *optimizers: "Adam | RMSProp",
    minibatches: int = 1,
) -> None:
    """Train `model` and the textbook on `batches`, and compare all weights, statistics and optimizers' averages.

    The averages show a wrong factor of a whole loss, on which a step of Adam hardly depends.

    Args:
        model: Our model, untrained.
        batches: The batch of each step.
        step: The textbook's step, which changes the textbook's networks.
        networks: The textbook's networks, by the names of the model's own networks.
        optimizers: The textbook's optimizers.
        minibatches: Number of mini-batches into which a step cuts its batch.
    """
    start = {name: deepcopy(network.state_dict()) for name, network in networks.items()}
    ours = train(model, batches)
    study(step, batches, minibatches)
    theirs = {id(p): averages for optimizer in optimizers for p, averages in optimizer.averages()}
    for name, network in networks.items():
        part, moved = getattr(model, name), start[name]
        state = {plain_name(key): value for key, value in part.state_dict().items() if not key.endswith(("._u", "._v"))}
        assert_close(state, network.state_dict(), rtol=0, atol=WEIGHTS)
        weights = {plain_name(key): p for key, p in part.named_parameters()}
        for key, p in network.named_parameters():
            averages = ours.get(weights[key], []), theirs.get(id(p), [])  # none of a weight that is not used any more
            assert_close(*averages, rtol=0, atol=AVERAGES, msg=lambda text, key=key: f"{key}: {text}")
            assert p.ndim == 1 or (p - moved[key]).abs().max() > 1e-6, f"{key} has not moved"


def train(model: Any, batches: list[Batch]) -> dict[Tensor, list[Tensor]]:
    """Train our model with the real Trainer, one step for each batch, on images in the layout of `images.prepare`.

    Return the averages of each weight's gradients, which its optimizers keep.
    """
    layout = {"memory_format": torch.channels_last}
    ours = [{k: v.contiguous(**layout) if v.ndim == 4 else v for k, v in batch.items()} for batch in batches]
    trainer = gan_zoo.trainer(seed=SEED, max_steps=len(batches), accelerator="cpu", enable_progress_bar=False)
    trainer.fit(model, DataLoader(ours, batch_size=None))  # pyright: ignore[reportArgumentType]
    kept = {p: state for optimizer in trainer.optimizers for p, state in optimizer.state.items()}
    return {p: [state[name] ** power for name, power in AVERAGED.items() if name in state] for p, state in kept.items()}


def study(step: Step, batches: list[Batch], minibatches: int) -> None:
    """Take the textbook's steps. Each starts from the random state of our step with that number."""
    for number, batch in enumerate(batches):
        torch.manual_seed(randomness.key(SEED, "step", 0, number))
        size = len(next(iter(batch.values()))) // minibatches
        parts = [{key: value[i * size : (i + 1) * size] for key, value in batch.items()} for i in range(minibatches)]
        step(number, parts)


def plain_name(name: str) -> str:
    """Return the name that a weight has without spectral norm."""
    return name.replace("parametrizations.weight.original", "weight")
