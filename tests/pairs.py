"""Networks by name, and their numbers of parameters, for tests."""

from typing import Any

from torch import nn

from gan_zoo import networks


def pair(architecture, image_shape, width, latent_dim=100, norm: Any = "batch", **chosen) -> tuple[Any, Any]:
    """Return the generator and discriminator called `architecture`, or, if chosen, `generator` and `discriminator`."""
    names = (architecture, chosen.get("generator"), chosen.get("discriminator"))
    return networks.pair(names, image_shape, latent_dim, width, norm)


def count(network: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
