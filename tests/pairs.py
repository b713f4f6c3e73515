"""Makes pairs of networks by name, and counts their parameters."""

from typing import Any

from torch import nn

from gan_zoo import networks


def pair(architecture, image_shape, width, latent_dim=100, norm: Any = "batch", **chosen) -> tuple[Any, Any]:
    """Return the generator and discriminator called `architecture`; `generator=` and `discriminator=` override each."""
    return networks.pair(
        architecture=architecture,
        generator_architecture=chosen.get("generator"),
        discriminator_architecture=chosen.get("discriminator"),
        image_shape=image_shape,
        latent_dim=latent_dim,
        width=width,
        discriminator_norm=norm,
    )


def count(network: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
