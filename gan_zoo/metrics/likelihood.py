"""The bound on the log-likelihood of real images, of models that have one."""

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
    """The law of an image around what the generator makes."""

    def bound(self, image: Float[Tensor, "n c h w"], draws: int, generator: torch.Generator) -> Float[Tensor, " n"]:
        """Of each image in [-1, 1], in nats; the more `draws`, the tighter."""
        ...


def log_likelihood(
    model: HasBound, real: Any, device: torch.device, draws: int, split: str = "", count: int = 0, seed: int = 0
) -> tuple[Value, LikelihoodProtocol]:
    """The mean bound over real images in nats an image, with its 95 % interval, and the conditions.

    An image's draws depend on its place among the images and on `seed` alone: not on the number of processes, all of
    which call this.

    Args:
        model: in eval mode, on `device`.
        real: the real images (datamodules' `Images`).
        device: where the model is.
        draws: K, of the latents for each image.
        split: what the protocol says of `real`.
        count: as many of the real images, the same for all who ask; 0: all.
        seed: of the draws.
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
