"""Neural style transfer: Image Style Transfer Using Convolutional Neural Networks.

Gatys, Ecker and Bethge, 2016. https://www.cv-foundation.org/openaccess/content_cvpr_2016/html/Gatys_Image_Style_Transfer_CVPR_2016_paper.html

No network is trained: the pixels x are optimised until a frozen VGG sees the content p and the style a in them,

    L(x) = α ‖F(x) - F(p)‖² + β Σ_l w_l ‖G_l(x) - G_l(a)‖² (+ γ total variation)        (Eq. 7, with 1 and 4)

F the features of relu4_2, G_l the Gram matrices of relu1_1, 2_1, 3_1, 4_1 and 5_1, which know what occurs together but
not where.

Defaults: layers, L-BFGS of step 1 with 100 pairs, 500 evaluations, the start from the content and two sizes in turn
are the authors' program's.
Departures from the paper: each squared distance is a share of its target's mean square, so that weights mean the same
for any VGG (the paper's and its program's are for Caffe's network and inputs of 0 to 255, and fit no other); all style
layers weigh alike; torchvision's VGG for the authors' rescaled one, with max pooling by default.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import LBFGS, Adam

from gan_zoo import images, perceptual
from gan_zoo.bounds import bounded
from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.memory import META, on_meta, peak
from gan_zoo.perceptual import Features

Image = Float[Tensor, "1 3 h w"]
Maps = dict[str, Tensor]
Terms = dict[str, Tensor]

CONTENT = ("relu4_2",)
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
PAIRS = 100
"""Steps that L-BFGS remembers, each as two images."""


@dataclass(frozen=True)
class Objective:
    """What the pixels minimise (Eq. 7)."""

    content_layers: tuple[str, ...] = CONTENT
    style_layers: tuple[str, ...] = STYLE
    layer_weights: tuple[float, ...] = (0.2, 0.2, 0.2, 0.2, 0.2)
    """w_l, one for each of the style's layers."""
    content_weight: float = 1.0
    """α."""
    style_weight: float = 100.0
    """β."""
    variation_weight: float = 0.0
    """γ, of the total variation: smooths."""

    def __post_init__(self) -> None:
        weights = {"content_weight": self.content_weight, "style_weight": self.style_weight}
        bounded("", at_least=0, **weights, variation_weight=self.variation_weight, layer_weights=self.layer_weights)
        if len(self.layer_weights) != len(self.style_layers):
            raise Mistake(
                f"{len(self.layer_weights)} layer weights for {len(self.style_layers)} style layers: one for each."
            )

    @property
    def taps(self) -> tuple[str, ...]:
        """The layers that a `Features` must have."""
        return tuple(dict.fromkeys(self.content_layers + self.style_layers))

    def against(self, content: Image, style: Float[Tensor, "1 3 H W"], features: Features) -> Callable[[Image], Terms]:
        """The weighted terms of an image, as `features` sees it, against the images `content` and `style`."""
        with torch.no_grad():
            wanted = features(content), features(style)
        return lambda x: self.terms(x, features(x), *wanted)

    def terms(self, x: Image, seen: Maps, content: Maps, style: Maps) -> Terms:
        """The weighted terms for the image `x`, of which the network has `seen` this, against the two targets."""
        contents = [perceptual.content_loss(seen[name], content[name]) for name in self.content_layers]
        styles = [
            weight * perceptual.gram_loss(seen[name], style[name])
            for weight, name in zip(self.layer_weights, self.style_layers, strict=True)
        ]
        return {
            "content": self.content_weight * torch.stack(contents).sum(),
            "style": self.style_weight * torch.stack(styles).sum(),
            "variation": self.variation_weight * perceptual.total_variation(x),
        }


@dataclass
class Stylized:
    """What `gatys` returns."""

    image: Float[Tensor, "1 3 _ _"]
    """In [-1, 1]."""
    history: list[dict[str, float]] = field(default_factory=list)
    """The weighted terms at each evaluation, with the `size` that it was made at."""


def gatys(
    content: Image,
    style: Float[Tensor, "1 3 H W"],
    features: Features,
    *,
    objective: Objective = Objective(),
    optimizer: Literal["lbfgs", "adam"] = "lbfgs",
    learning_rate: float = 1.0,
    sizes: tuple[int, ...] = (512, 800),
    evaluations: tuple[int, ...] = (500, 200),
    style_size: int | None = None,
    start: Literal["content", "noise"] = "content",
    seed: int = 0,
    progress: Callable[[dict[str, float]], None] = lambda terms: None,
) -> Stylized:
    """`content` painted as `style`, both images in [-1, 1].

    Args:
        content: of any size; the result has its proportions.
        style: of any size.
        features: a VGG with the taps of `objective`.
        objective: layers and weights.
        optimizer: L-BFGS as in the paper, or Adam.
        learning_rate: of either; Adam's in units of [-1, 1], for which 0.02 is good.
        sizes: shorter sides in pixels, worked at in turn, each from the last one's result.
        evaluations: of the loss, at each of the sizes.
        style_size: shorter side in pixels at which the style is seen; 0: its own; None: the size that is worked at, as
            in the authors' program.
        start: the content, or noise, which gives more of the style and less of the content.
        seed: of the noise.
        progress: called with the terms of each evaluation.

    Raises:
        Mistake: settings that do not match.
        NonFinite: the loss left the numbers; smaller weights or a smaller learning rate help.
    """
    bounded("", above=0, learning_rate=learning_rate)
    bounded("", at_least=1, evaluations=evaluations, sizes=sizes)
    bounded("", at_least=0, style_size=style_size or 0)
    if len(sizes) != len(evaluations):
        raise Mistake(f"{len(sizes)} sizes and {len(evaluations)} numbers of evaluations: give as many of both.")
    result = Stylized(image=content if start == "content" else _noise(content, seed))

    def told(terms: Terms) -> None:
        result.history.append({"size": size} | {name: float(value) for name, value in terms.items()})
        progress(result.history[-1])

    for size, count in zip(sizes, evaluations, strict=True):
        scene, paint = images.resized(content, size), _sized(style, size if style_size is None else style_size)
        x = images.to_size(result.image, scene.shape[2:]).clone(memory_format=torch.channels_last).requires_grad_()
        descend(x, objective.against(scene, paint, features), optimizer, learning_rate, count, told)
        result.image = x.detach()
    result.image = result.image.clamp(-1, 1).contiguous()
    return result


def descend(
    x: Tensor,
    terms: Callable[[Tensor], Terms],
    optimizer: Literal["lbfgs", "adam"],
    learning_rate: float,
    evaluations: int,
    told: Callable[[Terms], None],
) -> None:
    """Move `x` to lower the sum of its `terms`, evaluated `evaluations` times, each of which is `told`.

    Raises:
        NonFinite: a term left the numbers.
    """
    done = 0

    def closure() -> Tensor:
        nonlocal done
        done += 1
        found = terms(x)
        loss = _total(found, done)
        (x.grad,) = torch.autograd.grad(loss, x)
        told({name: value.detach() for name, value in found.items()})
        return loss.detach()

    if optimizer == "lbfgs":
        LBFGS(
            [x],
            lr=learning_rate,
            max_iter=evaluations,  # one step is the whole descent
            max_eval=evaluations,
            tolerance_grad=0,
            tolerance_change=0,
            history_size=PAIRS,
        ).step(closure)
    else:
        method = Adam([x], lr=learning_rate)
        for _ in range(evaluations):
            method.step(closure)


def memory(
    content: tuple[int, int], style: tuple[int, int], features: Features, objective: Objective, evaluations: int
) -> int:
    """Return the bytes of tensors that `gatys` takes at one size with L-BFGS.

    Args:
        content: Height and width that are worked at.
        style: Height and width at which the style is seen.
        features: A VGG with the taps of `objective`.
        objective: Layers and weights.
        evaluations: Of the loss.
    """
    network = on_meta(features)

    def evaluate() -> None:
        scene, paint = (torch.empty(1, 3, *sides, device=META) for sides in (content, style))
        terms = objective.against(scene, paint, network)
        x = scene.clone(memory_format=torch.channels_last).requires_grad_()
        torch.autograd.grad(torch.stack(list(terms(x).values())).sum(), x)

    image = 3 * math.prod(content) * torch.float32.itemsize
    return peak(evaluate) + 2 * min(evaluations, PAIRS) * image


def _sized(image: Image, short: int) -> Float[Tensor, "1 3 _ _"]:
    return images.resized(image, short) if short else image


def _total(terms: Terms, evaluation: int) -> Tensor:
    loss = torch.stack(list(terms.values())).sum()
    if not torch.isfinite(loss):
        values = ", ".join(f"{name} {value.item():.3g}" for name, value in terms.items())
        raise NonFinite(f"The loss left the numbers at evaluation {evaluation} ({values}): lower the style weight.")
    return loss


def _noise(content: Image, seed: int) -> Image:
    return torch.randn(content.shape, generator=torch.Generator().manual_seed(seed)).mul(0.25).clamp(-1, 1)
