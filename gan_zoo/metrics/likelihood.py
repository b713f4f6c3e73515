"""The bound on the log-likelihood of real images, for models that have such a bound."""

from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from datamodules.order import Request
from gan_zoo import images
from gan_zoo.distributed.strategy import gathered
from gan_zoo.metrics.evaluator import chosen, shares
from gan_zoo.metrics.fakes import CHUNK
from gan_zoo.metrics.protocol import LikelihoodProtocol
from gan_zoo.metrics.score import Value
from gan_zoo.step import randomness


@runtime_checkable
class HasBound(Protocol):
    """A model that bounds log p(x) from below."""

    likelihood: str
    """Distribution of an image around the output of the generator: `bernoulli` or `gaussian`."""

    def bound(self, image: Float[Tensor, "n c h w"], draws: int, generator: torch.Generator) -> Float[Tensor, " n"]:
        """Return the bound for each image in [-1, 1], in nats; more `draws` make it tighter."""
        ...


def log_likelihood(
    model: HasBound, real: Any, device: torch.device, draws: int, split: str = "", count: int = 0, seed: int = 0
) -> tuple[Value, LikelihoodProtocol]:
    """Return the mean bound over real images in nats per image, with its 95 % interval, and the protocol.

    Every process calls this. The draws for an image depend only on its index and on `seed`, so the result does not
    depend on the number of processes.

    Args:
        model: The model, in eval mode, on `device`.
        real: The real images (datamodules' `Images`).
        device: Where the model is.
        draws: K, the number of latents drawn for each image.
        split: Name of the split that `real` comes from, for the protocol.
        count: Number of real images to use, the same ones on every call; 0 means all.
        seed: Seed of the draws.
    """
    indices, parts = chosen(len(real), count), [torch.empty(0)]
    for first, size in shares(len(indices), unit=CHUNK):
        image = real[Request(indices[first : first + size])]["image"]
        generator = torch.Generator().manual_seed(randomness.key(seed, "bound", first))
        parts.append(model.bound(images.to_float(image).to(device), draws, generator).cpu())
    each = torch.cat(gathered(torch.cat(parts))).double()
    mean, error = float(each.mean()), float(each.std() / len(each) ** 0.5)
    protocol = LikelihoodProtocol(
        data=real.name,
        data_fingerprint=real.fingerprint(),
        split=split,
        real=len(indices),
        likelihood=model.likelihood,
        draws=draws,
        latent_seed=seed,
    )
    return Value(mean, (mean - 1.96 * error, mean + 1.96 * error)), protocol
