"""AdaIN: Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization.

Huang and Belongie, 2017. https://arxiv.org/abs/1703.06868

A frozen encoder f (VGG to relu4_1) sees a content image c and a style image s. AdaIN gives the content's features the
style's mean and deviation in every channel, and a decoder g, the mirror of f, makes an image of them:

    t = AdaIN(f(c), f(s)),   AdaIN(x, y) = σ(y) (x - μ(x)) / σ(x) + μ(y)        (Eq. 8)

g is trained to be undone by f, and to have the style's statistics at four depths:

    L = ‖f(g(t)) - t‖² + λ Σ_i ‖μ(φ_i(g(t))) - μ(φ_i(s))‖² + ‖σ(φ_i(g(t))) - σ(φ_i(s))‖²        (Eq. 11 to 13)

with φ_i = relu1_1, relu2_1, relu3_1, relu4_1. Afterwards any style is one forward pass, its strength is a blend of
f(c) and t (Eq. 14), and several styles are a weighted sum of their t (Eq. 15).

Defaults: Adam's 1e-4 falling as 1 / (1 + 5e-5 t), batch 8 and 160,000 steps are the authors' program's.
Departures from the paper: torchvision's VGG, which normalises its input itself, for the authors' with its colour layer
of 1 x 1 (12 parameters). Theirs is rescaled to a mean activation of 1; here each squared distance is divided by its
target's mean square instead, which does as much for any network, and λ is 1 where the program, with sums over
channels, has 0.01. β₁ is 0.9, as in the program.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, Optimizer

from gan_zoo import perceptual, tiles
from gan_zoo.bounds import bounded
from gan_zoo.errors import Mistake
from gan_zoo.images import Batch
from gan_zoo.layers import adaptive_instance_norm, channel_moments, channels_last
from gan_zoo.module import GenerativeModule, Terms
from gan_zoo.sampling import evaluating

Images = Float[Tensor, "n 3 h w"]

DEPTHS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""Where the style's statistics are compared; the last is what the decoder starts from."""
WHOLE, TILE = 1024**2, 1024
"""Pixels of the largest image that the networks see at once, and pixels a side of the tiles of larger ones."""


class AdaIN(GenerativeModule):
    """Style transfer of any content in any style by one forward pass; a batch has contents `a` and styles `b`.

    Args:
        network: the encoder; the decoder mirrors it.
        vgg_weights: file with the encoder's weights, by torchvision's names; None: torchvision's own, downloaded.
        style_weight: λ in Eq. 11, of the statistics' distance.
        learning_rate: Adam's α at the start.
        learning_rate_decay: d in α / (1 + d t), t the step.
        betas: Adam's β₁ and β₂.
    """

    def __init__(
        self,
        network: Literal["vgg16", "vgg19"] = "vgg19",
        vgg_weights: str | None = None,
        style_weight: float = 1.0,
        learning_rate: float = 1e-4,
        learning_rate_decay: float = 5e-5,
        betas: tuple[float, float] = (0.9, 0.999),
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        bounded("model.", at_least=0, style_weight=style_weight, learning_rate_decay=learning_rate_decay)
        bounded("model.", above=0, learning_rate=learning_rate)
        bounded("model.", at_least=0, below=1, betas=betas)
        self.style_weight, self.betas = style_weight, betas
        self.learning_rate, self.learning_rate_decay = learning_rate, learning_rate_decay
        self.encoder = perceptual.Features(DEPTHS, network, vgg_weights, padding="reflect")
        self.generator = decoder(network)

    def loss(self, batch: Batch) -> Terms:
        """Weighted terms of Eq. 11 for contents `a` and styles `b` of one batch, in [-1, 1]."""
        with torch.no_grad():
            target = self.encoder(batch["a"])[DEPTHS[-1]]
            style = self.encoder(batch["b"])
            target = adaptive_instance_norm(target, *channel_moments(style[DEPTHS[-1]]))
        seen = self.encoder(self.generator(target))
        losses = [perceptual.moments_loss(seen[name], style[name]) for name in DEPTHS]
        return {
            "generator/content": perceptual.content_loss(seen[DEPTHS[-1]], target),
            "generator/style": self.style_weight * torch.stack(losses).sum(),
        }

    def take_step(self, minibatches: list[Batch]) -> None:
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        self.update(optimizer, self.loss, minibatches[0])

    def rate(self, step: int) -> float:
        """The authors' program's decay of Adam's step size."""
        return 1 / (1 + self.learning_rate_decay * step)

    def configure_optimizers(self) -> Optimizer:
        return Adam(self.generator.parameters(), lr=self.learning_rate, betas=self.betas, fused=True)

    def show(self, count: int, seed: int, examples: Callable[[int], Batch]) -> tuple[Float[Tensor, "m 3 h w"], int]:
        """Contents down, styles across: the first row and column are the images themselves."""
        side = max(2, math.isqrt(count))
        batch = examples(side - 1)
        contents, styles = batch["a"], batch["b"].split(1)
        columns = [self.stylize(contents, [style]) for style in styles]
        rows = [torch.ones_like(contents[:1]), *styles]
        for i, content in enumerate(contents.split(1)):
            rows += [content, *(column[i : i + 1] for column in columns)]
        return torch.cat(rows), 1 + len(styles)

    @torch.no_grad()
    def stylize(
        self,
        content: Images,
        styles: list[Float[Tensor, "1 3 _ _"]],
        weights: tuple[float, ...] = (),
        masks: Float[Tensor, "k _ _"] | None = None,
        strength: float = 1.0,
    ) -> Images:
        """`content` in `styles`, in [-1, 1], at its own size whatever that is.

        Args:
            content: images in [-1, 1].
            styles: one image each, of any size, for the whole batch.
            weights: of the styles where they are mixed (Eq. 15), divided by their sum; (): equal ones.
            masks: where each style is to be, in [0, 1], instead of weights: one a style, at the content's size; what
                they leave of 1 at a pixel stays the content's own, and where they are more, their sum divides them.
            strength: 1: the style's statistics; 0: the content's own (Eq. 14).

        Raises:
            Mistake: weights or masks that do not match the styles, or an image that is too small.
        """
        shares = _shares(weights, masks, len(styles), content)
        height, width = content.shape[2:]
        if min(height, width) < self.encoder.least_side:  # before it is padded to a multiple of the stride
            raise Mistake(
                f"A content image of {width} x {height} pixels is too small: at least {self.encoder.least_side} a side."
            )
        padding = (0, -width % self.encoder.stride, 0, -height % self.encoder.stride)
        features = self.encode(F.pad(content, padding, mode="reflect"))
        shares = F.interpolate(F.pad(shares[None], padding, mode="replicate"), features.shape[2:], mode="area")[0]
        own, wanted = channel_moments(features), [channel_moments(self.encode(style)) for style in styles]

        def decode(part: Tensor) -> Tensor:
            """Return the image of features and, behind them in the channels, of how much of each style there is."""
            seen, share = part[:, :channels], part[:, channels:]
            target = (1 - share.sum(1, keepdim=True)) * seen
            for place, moments in enumerate(wanted):
                target += share[:, place : place + 1] * adaptive_instance_norm(seen, *moments, own)
            return self.generator(torch.lerp(seen, target, strength))

        channels = features.shape[1]
        features = torch.cat([features, shares.expand(len(features), -1, -1, -1)], dim=1)
        with evaluating(self.generator):
            result = self._in_tiles(decode, features, into=1, out=self.encoder.stride)
        return result[:, :, :height, :width].clamp(-1, 1)

    def encode(self, image: Images) -> Float[Tensor, "n c _ _"]:
        """Return the encoder's deepest features of `image`, whatever its size."""
        return self._in_tiles(lambda part: self.encoder(part)[DEPTHS[-1]], image, into=self.encoder.stride, out=1)

    def _in_tiles(self, network: Callable[[Tensor], Tensor], x: Tensor, into: int, out: int) -> Tensor:
        """Return `network(x)`, by tiles where `x` stands for more than `WHOLE` pixels: equal but for rounding."""
        stride = self.encoder.stride
        if math.prod(side // into * stride for side in x.shape[2:]) <= WHOLE:
            return network(x)
        margin = math.ceil(self.encoder.reach / stride)
        return tiles.exact(network, x, into=into, out=out, most=TILE // stride, margin=margin)


def decoder(network: Literal["vgg16", "vgg19"]) -> nn.Module:
    """The encoder's mirror: 3 x 3 convolutions on reflected borders, nearest doubling, no norm; images in [-1, 1]."""
    layers: list[nn.Module] = []
    mirrored = [one for one in reversed(perceptual.plan(network)) if one[0] <= DEPTHS[-1]]
    for (name, out, into), (deeper, _, _) in zip(mirrored, [*mirrored[1:], ("", 0, 0)], strict=True):
        layers += [nn.Conv2d(into, out, kernel_size=3, padding=1, padding_mode="reflect")]
        layers += [nn.ReLU()] if deeper else []
        layers += [nn.Upsample(scale_factor=2)] if deeper and deeper[4] != name[4] else []
    return channels_last(nn.Sequential(*layers))


def _shares(weights: tuple[float, ...], masks: Tensor | None, styles: int, content: Tensor) -> Float[Tensor, "k h w"]:
    """How much of each style there is at each pixel of the content."""
    if masks is not None and weights:
        raise Mistake("Weights and masks: give the ones, for all of the image, or the others, region by region.")
    if masks is None:
        weights = weights or (1.0,) * styles
        if len(weights) != styles or min(weights) < 0 or sum(weights) <= 0:
            raise Mistake(f"Weights {list(weights)} for {styles} style(s): give each one of at least 0, not all 0.")
        shares = torch.tensor(weights, device=content.device) / sum(weights)
        return shares[:, None, None].expand(-1, *content.shape[2:])
    if masks.shape != (styles, *content.shape[2:]):
        raise Mistake(
            f"Masks of {tuple(masks.shape)} for {styles} style(s) and a content of {tuple(content.shape[2:])} pixels: "
            "give one mask a style, of the content's size."
        )
    return masks / masks.sum(0).clamp(min=1)
