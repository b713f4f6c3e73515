"""Projection: find the styles and the noise with which a generator makes a given image (Karras 2020, appendix D).

Adam moves a style w, from the mean of all styles on, so that VGG sees little difference between G(w) and the image. The
noise of the generator is moved too, and a penalty on its correlation with shifted copies of itself keeps it from taking
in the image. Early steps add noise to w. In W+ each layer has a style of its own: almost any image can be made then,
also one that the generator did not learn.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gan_zoo.editing import styles
from gan_zoo.errors import Mistake
from gan_zoo.growing import enlarged
from gan_zoo.networks import style
from gan_zoo.perceptual import Features, perceptual_distance
from gan_zoo.sampling import SampledModule, evaluating

LARGEST = 256
"""Side in pixels to which larger images are reduced before VGG sees them."""
NOISE_WEIGHT = 1e5
"""Weight of the regularity of noise."""
Image = Float[Tensor, "1 c h w"]
Numbers = Float[Tensor, "1 numbers"]


@dataclass(frozen=True)
class Projection:
    """An image of the generator that is close to a given one."""

    image: Image
    styles: Float[Tensor, "1 layers style"]
    noise: Numbers
    """The noise of all layers, one after another."""
    distances: list[float]
    """Perceptual distance in each step, and that of `image` at the end."""


def project(
    model: SampledModule,
    target: Image,
    features: Features,
    steps: int = 1000,
    apart: bool = False,
    rate: float = 0.1,
    seed: int = 0,
    report: Callable[[float], None] = lambda share: None,
) -> Projection:
    """Find styles and noise with which the generator of a StyleGAN or StyleGAN2 makes an image like `target`.

    Args:
        model: The model.
        target: The image, in [-1, 1], of the generator's size.
        features: The VGG that compares images.
        steps: Steps of Adam.
        apart: Whether each layer has a style of its own (W+), or all have one (W).
        rate: Adam's largest learning rate.
        seed: Seed of the first noise, and of the latents whose styles give the mean and the deviation of w.
        report: Function that is told which share of the steps is done.

    Raises:
        Mistake: The model has no styles, the image has another size, or VGG cannot take it.
    """
    network = styles.styled(model)
    refuse_another_size(target, network)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad(), evaluating(network):
        drawn = styles.drawn(model, network, 0, 10_000, seed)[:, 0]
        wanted = features(_reduced(target.to(model.device)))
    mean = drawn.mean(0)
    deviation = float((drawn - mean).square().sum(1).mean().sqrt())
    w = mean.repeat(1, network.layers if apart else 1, 1).requires_grad_()
    noise = torch.randn(1, network.numbers_of_noise(), generator=draw).to(model.device).requires_grad_()
    adam, distances = torch.optim.Adam([w, noise], lr=rate), []
    with evaluating(network):
        for step in range(steps):
            adam.param_groups[0]["lr"] = rate * learning_rate(step / steps)
            jitter = torch.randn(w.shape, generator=draw).to(w) * deviation * jitter_of(step / steps)
            distance = perceptual_distance(features(_reduced(_make(network, w + jitter, noise))), wanted)
            loss = distance.sum() + NOISE_WEIGHT * regularity(_maps(network, noise))
            w.grad, noise.grad = torch.autograd.grad(loss, [w, noise])
            adam.step()
            _normalise(network, noise)
            distances.append(float(distance.detach()))
            report((step + 1) / steps)
        with torch.no_grad():
            image = _make(network, w, noise)
            distances.append(float(perceptual_distance(features(_reduced(image)), wanted)))
    spread = w.detach().expand(-1, network.layers, -1)
    return Projection(image.clamp(-1, 1), spread, noise.detach(), distances)


def learning_rate(share: float) -> float:
    """Return the factor of the rate after a share of the steps: a line up over 5 %, half a cosine down over 25 %."""
    return min(1.0, share / 0.05) * (0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - share) / 0.25)))


def jitter_of(share: float) -> float:
    """Return the noise on w after a share of the steps, in deviations of w: 0.05 at first, and none after 75 %."""
    return 0.05 * max(0.0, 1 - share / 0.75) ** 2


def regularity(maps: list[Float[Tensor, "1 1 _ _"]]) -> Float[Tensor, ""]:
    """Return the squared correlations of noise with its copies shifted by a pixel, at all scales down to 8 x 8."""
    total = []
    for scale in maps:
        while True:
            total += [(scale * scale.roll(1, axis)).mean().square() for axis in (2, 3)]
            if scale.shape[-1] <= 8:
                break
            scale = avg_pool2d(scale, 2) * 2  # keeps the variance of noise
    return torch.stack(total).sum()


def refuse_another_size(target: Tensor, network: style.Styled) -> None:
    """Raise `Mistake` unless `target` has the size of the generator's images."""
    if target.shape[2:] != (network.last, network.last):
        raise Mistake(
            f"The image to project has {target.shape[3]} x {target.shape[2]} pixels, and this generator makes "
            f"{network.last} x {network.last}: crop it to a square and resize it first."
        )


def _make(network: style.Styled, w: Tensor, noise: Tensor) -> Image:
    spread = w.expand(-1, network.layers, -1)
    return enlarged(network.synthesise(spread, style.given_noise(noise)), network.last)


def _reduced(image: Image) -> Float[Tensor, "1 3 new_h new_w"]:
    """Return an image as VGG sees it: of at most `LARGEST` pixels a side, and of three colours."""
    if image.shape[-1] > LARGEST:
        image = interpolate(image, size=(LARGEST, LARGEST), mode="area")
    return image.expand(-1, 3, -1, -1)


def _maps(network: style.Styled, noise: Numbers) -> list[Tensor]:
    """Return the maps of noise, layer by layer."""
    sides = network.noise_sides
    parts = noise.split([side**2 for side in sides], dim=1)
    return [part.reshape(1, 1, side, side) for part, side in zip(parts, sides, strict=True)]


@torch.no_grad()
def _normalise(network: style.Styled, noise: Numbers) -> None:
    """Give each map of noise the mean 0 and the variance 1 again, in place."""
    for values in _maps(network, noise):
        values.sub_(values.mean()).div_(values.square().mean().sqrt())
