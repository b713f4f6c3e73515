"""AdaIN: Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization.

Huang and Belongie, 2017. https://arxiv.org/abs/1703.06868

A frozen encoder f (VGG up to relu4_1) encodes a content image c and a style image s. AdaIN gives each channel of the
content's features the mean and standard deviation of the style's, and a decoder g, the mirror of f, turns the result
into an image:

    t = AdaIN(f(c), f(s)),   AdaIN(x, y) = σ(y) (x - μ(x)) / σ(x) + μ(y)        (Eq. 8)

g is trained so that f recovers t from its image, and so that the image has the style's statistics at four depths:

    L = ‖f(g(t)) - t‖² + λ Σ_i ‖μ(φ_i(g(t))) - μ(φ_i(s))‖² + ‖σ(φ_i(g(t))) - σ(φ_i(s))‖²        (Eq. 11 to 13)

with φ_i = relu1_1, relu2_1, relu3_1, relu4_1. After training, any style takes one forward pass. A blend of f(c) and t
sets its strength (Eq. 14), and a weighted sum of several t mixes styles (Eq. 15).

Defaults: Adam with a rate of 1e-4 that decays as 1 / (1 + 5e-5 t), batches of 8 and 160,000 steps are those of the
authors' program.
Departures from the paper: torchvision's VGG, with the usual normalisation of its input, replaces the authors' VGG,
which has a 1 x 1 colour layer instead (12 parameters). Theirs is rescaled to a mean activation of 1. Here each squared
distance is divided by the mean square of its target instead, which has the same effect for any network, and λ is 1
where the program, which sums over channels, has 0.01. β₁ is 0.9, as in the program.
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
"""The layers whose statistics are compared. The decoder starts from the last one."""
WHOLE, TILE = 1024**2, 1024
"""Number of pixels of the largest image that is not cut into tiles, and pixels a side of the tiles."""


class AdaIN(GenerativeModule):
    """Transfer of any style to any content in one forward pass. A batch has contents `a` and styles `b`.

    Args:
        network: The VGG that is the encoder; the decoder mirrors it.
        vgg_weights: File with the encoder's weights under torchvision's names; None downloads torchvision's weights.
        style_weight: λ in Eq. 11, the weight of the distance between statistics.
        learning_rate: Adam's step size α at step 0.
        learning_rate_decay: d in α / (1 + d t), the learning rate at step t.
        betas: Adam's decay rates β₁ and β₂.
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
        """Return the weighted terms of Eq. 11 for the contents `a` and styles `b` of `batch`, in [-1, 1]."""
        with torch.no_grad():
            content = self.encoder(batch["a"])[DEPTHS[-1]]
            style = self.encoder(batch["b"])
            target = adaptive_instance_norm(content, *channel_moments(style[DEPTHS[-1]]))
        result = self.encoder(self.generator(target))
        losses = [perceptual.moments_loss(result[name], style[name]) for name in DEPTHS]
        return {
            "generator/content": perceptual.content_loss(result[DEPTHS[-1]], target),
            "generator/style": self.style_weight * torch.stack(losses).sum(),
        }

    def take_step(self, minibatches: list[Batch]) -> None:
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        self.update(optimizer, self.loss, minibatches[0])

    def rate(self, step: int) -> float:
        """Return the factor of Adam's step size at step `step`, as in the authors' program."""
        return 1 / (1 + self.learning_rate_decay * step)

    def configure_optimizers(self) -> Optimizer:
        return Adam(self.generator.parameters(), lr=self.learning_rate, betas=self.betas, fused=True)

    def show(self, count: int, seed: int, examples: Callable[[int], Batch]) -> tuple[Float[Tensor, "m 3 h w"], int]:
        """Return a table of results with one row for each content and one column for each style.

        The first column shows the contents, and the first row the styles.
        """
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
        """Return `content` in the given styles, in [-1, 1], at the size of `content`, which may be any.

        Args:
            content: Images in [-1, 1].
            styles: Style images of any size in [-1, 1], each for the whole batch.
            weights: Weights with which the styles are mixed (Eq. 15). They are divided by their sum; () weighs the
                styles equally.
            masks: The share of each style at each pixel, in [0, 1], instead of weights: one mask for each style, at the
                size of the content. Where their sum is below 1, the rest is the content's own style; where it is above
                1, they are divided by it.
            strength: From 0, the content's own statistics, to 1, those of the styles (Eq. 14).

        Raises:
            Mistake: The weights or masks do not match the styles, or an image is too small.
        """
        shares = _shares(weights, masks, len(styles), content)
        height, width = content.shape[2:]
        # The encoder would see this image only after it has been padded to a multiple of the stride.
        if min(height, width) < self.encoder.least_side:
            raise Mistake(
                f"A content image of {width} x {height} pixels is too small: at least {self.encoder.least_side} a side."
            )
        padding = (0, -width % self.encoder.stride, 0, -height % self.encoder.stride)
        features = self.encode(F.pad(content, padding, mode="reflect"))
        shares = F.interpolate(F.pad(shares[None], padding, mode="replicate"), features.shape[2:], mode="area")[0]
        own, targets = channel_moments(features), [channel_moments(self.encode(style)) for style in styles]

        def decode(part: Tensor) -> Tensor:
            """Decode features that are followed, in the channels, by the share of each style."""
            encoded, share = part[:, :channels], part[:, channels:]
            target = (1 - share.sum(1, keepdim=True)) * encoded
            for place, moments in enumerate(targets):
                target += share[:, place : place + 1] * adaptive_instance_norm(encoded, *moments, own)
            return self.generator(torch.lerp(encoded, target, strength))

        channels = features.shape[1]
        features = torch.cat([features, shares.expand(len(features), -1, -1, -1)], dim=1)
        with evaluating(self.generator):
            result = self._in_tiles(decode, features, into=1, out=self.encoder.stride)
        return result[:, :, :height, :width].clamp(-1, 1)

    def encode(self, image: Images) -> Float[Tensor, "n c _ _"]:
        """Return the encoder's deepest features of `image`, in tiles if the image is large."""
        return self._in_tiles(lambda part: self.encoder(part)[DEPTHS[-1]], image, into=self.encoder.stride, out=1)

    def _in_tiles(self, network: Callable[[Tensor], Tensor], x: Tensor, into: int, out: int) -> Tensor:
        """Return `network(x)`, in tiles if `x` stands for more than `WHOLE` pixels. They change the rounding alone."""
        stride = self.encoder.stride
        if math.prod(side // into * stride for side in x.shape[2:]) <= WHOLE:
            return network(x)
        margin = math.ceil(self.encoder.reach / stride)
        return tiles.exact(network, x, into=into, out=out, core=TILE // stride, margin=margin)


def decoder(network: Literal["vgg16", "vgg19"]) -> nn.Module:
    """Return the mirror of the encoder, whose images are in [-1, 1].

    It has 3 x 3 convolutions with reflected borders, nearest-neighbour upsampling by 2, and no norm.
    """
    layers: list[nn.Module] = []
    mirrored = [layer for layer in reversed(perceptual.plan(network)) if layer[0] <= DEPTHS[-1]]
    for (name, out, into), (following, _, _) in zip(mirrored, [*mirrored[1:], ("", 0, 0)], strict=True):
        layers += [nn.Conv2d(into, out, kernel_size=3, padding=1, padding_mode="reflect")]
        layers += [nn.ReLU()] if following else []
        layers += [nn.Upsample(scale_factor=2)] if following and following[4] != name[4] else []  # another block begins
    return channels_last(nn.Sequential(*layers))


def _shares(weights: tuple[float, ...], masks: Tensor | None, styles: int, content: Tensor) -> Float[Tensor, "k h w"]:
    """Return the share of each style at each pixel of the content."""
    if masks is not None and weights:
        raise Mistake("Weights and masks are both given: give weights for the whole image, or masks for its regions.")
    if masks is None:
        weights = weights or (1.0,) * styles
        if len(weights) != styles or not all(0 <= weight < math.inf for weight in weights) or not any(weights):
            raise Mistake(
                f"Weights {list(weights)} for {styles} style(s): give each style a weight of at least 0, not all 0."
            )
        shares = torch.tensor(weights, device=content.device) / sum(weights)
        return shares[:, None, None].expand(-1, *content.shape[2:])
    if masks.shape != (styles, *content.shape[2:]):
        raise Mistake(
            f"The masks have shape {tuple(masks.shape)} for {styles} style(s) and a content of "
            f"{tuple(content.shape[2:])} pixels: give one mask for each style, at the size of the content."
        )
    return masks / masks.sum(0).clamp(min=1)
