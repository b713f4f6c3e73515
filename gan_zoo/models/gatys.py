"""Neural style transfer: Image Style Transfer Using Convolutional Neural Networks.

Gatys, Ecker and Bethge, 2016. https://www.cv-foundation.org/openaccess/content_cvpr_2016/html/Gatys_Image_Style_Transfer_CVPR_2016_paper.html

No network is trained. The pixels x are optimised until a frozen VGG sees the content p and the style a in them:

    L(x) = α ‖F(x) - F(p)‖² + β Σ_l w_l ‖G_l(x) - G_l(a)‖² (+ γ total variation)        (Eq. 7, with 1 and 4)

F are the features of relu4_2. G_l are the Gram matrices of relu1_1, 2_1, 3_1, 4_1 and 5_1, which describe which
features occur together but not where.

Defaults are those of the authors' program: the layers, L-BFGS with step size 1 and a history of 100 pairs, 500
evaluations, the content as starting point, and two sizes in turn.
Departures from the paper: each squared distance is divided by the mean square of its target, so that weights mean the
same for any VGG (those of the paper and its program fit only Caffe's network with inputs from 0 to 255). All style
layers have the same weight. The network is torchvision's VGG instead of the authors' rescaled one, with max pooling by
default.
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
"""Steps in the history of L-BFGS, each of which takes the memory of two images."""


@dataclass(frozen=True)
class Objective:
    """The loss that the pixels minimise (Eq. 7)."""

    content_layers: tuple[str, ...] = CONTENT
    style_layers: tuple[str, ...] = STYLE
    layer_weights: tuple[float, ...] = (0.2, 0.2, 0.2, 0.2, 0.2)
    """w_l, one for each style layer."""
    content_weight: float = 1.0
    """α."""
    style_weight: float = 100.0
    """β."""
    variation_weight: float = 0.0
    """γ, the weight of the total variation, which smooths the image."""

    def __post_init__(self) -> None:
        weights = {"content_weight": self.content_weight, "style_weight": self.style_weight}
        bounded("", at_least=0, **weights, variation_weight=self.variation_weight, layer_weights=self.layer_weights)
        if len(self.layer_weights) != len(self.style_layers):
            raise Mistake(
                f"{len(self.layer_weights)} layer weights for {len(self.style_layers)} style layers: give one for each."
            )

    @property
    def taps(self) -> tuple[str, ...]:
        """The layers that the loss compares, which a `Features` must return."""
        return tuple(dict.fromkeys(self.content_layers + self.style_layers))

    def against(self, content: Image, style: Float[Tensor, "1 3 H W"], features: Features) -> Callable[[Image], Terms]:
        """Return the function that maps an image to its weighted terms for the targets `content` and `style`."""
        with torch.no_grad():
            targets = features(content), features(style)
        return lambda x: self.terms(x, features(x), *targets)

    def terms(self, x: Image, result: Maps, content: Maps, style: Maps) -> Terms:
        """Return the weighted terms for the image `x` with the features `result`; `content` and `style` are targets."""
        contents = [perceptual.content_loss(result[name], content[name]) for name in self.content_layers]
        styles = [
            weight * perceptual.gram_loss(result[name], style[name])
            for weight, name in zip(self.layer_weights, self.style_layers, strict=True)
        ]
        return {
            "content": self.content_weight * torch.stack(contents).sum(),
            "style": self.style_weight * torch.stack(styles).sum(),
            "variation": self.variation_weight * perceptual.total_variation(x),
        }


@dataclass
class Stylized:
    """The result of `gatys`."""

    image: Float[Tensor, "1 3 _ _"]
    """The image, in [-1, 1]."""
    history: list[dict[str, float]] = field(default_factory=list)
    """The weighted terms of each evaluation, and the `size` of the image in it."""


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
    """Return `content` painted in the style of `style`.

    Args:
        content: An image of any size in [-1, 1]. The result has its proportions.
        style: An image of any size in [-1, 1].
        features: A VGG with the taps of `objective`.
        objective: Layers and weights of the loss.
        optimizer: L-BFGS, as in the paper, or Adam.
        learning_rate: Step size of the optimizer. For Adam it is in units of [-1, 1], and 0.02 works well.
        sizes: Shorter side in pixels of each round. A round starts from the result of the one before.
        evaluations: Evaluations of the loss in each round.
        style_size: Shorter side in pixels to which the style is resized; 0: it is not resized; None: the size of the
            round, as in the authors' program.
        start: Starting point: the content, or noise, which gives more of the style and less of the content.
        seed: Seed of the noise.
        progress: Is called with the terms of each evaluation.

    Raises:
        Mistake: The settings do not fit together.
        NonFinite: The loss became infinite or NaN. Smaller weights or a smaller learning rate help.
    """
    bounded("", above=0, learning_rate=learning_rate)
    bounded("", at_least=1, evaluations=evaluations, sizes=sizes)
    bounded("", at_least=0, style_size=style_size or 0)
    if len(sizes) != len(evaluations):
        raise Mistake(f"{len(sizes)} sizes and {len(evaluations)} numbers of evaluations: give one number a size.")
    result = Stylized(image=content if start == "content" else _noise(content, seed))

    def record(terms: Terms) -> None:
        result.history.append({"size": size} | {name: float(value) for name, value in terms.items()})
        progress(result.history[-1])

    for size, count in zip(sizes, evaluations, strict=True):
        scene, paint = images.resized(content, size), _sized(style, size if style_size is None else style_size)
        x = images.to_size(result.image, scene.shape[2:]).clone(memory_format=torch.channels_last).requires_grad_()
        descend(x, objective.against(scene, paint, features), optimizer, learning_rate, count, record)
        result.image = x.detach()
    result.image = result.image.clamp(-1, 1).contiguous()
    return result


def descend(
    x: Tensor,
    terms: Callable[[Tensor], Terms],
    optimizer: Literal["lbfgs", "adam"],
    learning_rate: float,
    evaluations: int,
    record: Callable[[Terms], None],
) -> None:
    """Minimise the sum of `terms(x)` over `x` in place, and call `record` with the terms of each evaluation.

    Raises:
        NonFinite: A term became infinite or NaN.
    """
    done = 0

    def closure() -> Tensor:
        nonlocal done
        done += 1
        current = terms(x)
        loss = _total(current, done)
        (x.grad,) = torch.autograd.grad(loss, x)
        record({name: value.detach() for name, value in current.items()})
        return loss.detach()

    if optimizer == "lbfgs":
        LBFGS(
            [x],
            lr=learning_rate,
            max_iter=evaluations,  # a single step is the whole descent
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
        content: Height and width of the content after resizing.
        style: Height and width of the style after resizing.
        features: A VGG with the taps of `objective`.
        objective: Layers and weights of the loss.
        evaluations: Evaluations of the loss.
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
        raise NonFinite(
            f"The loss became infinite or NaN at evaluation {evaluation} ({values}): lower the style weight."
        )
    return loss


def _noise(content: Image, seed: int) -> Image:
    return torch.randn(content.shape, generator=torch.Generator().manual_seed(seed)).mul(0.25).clamp(-1, 1)
