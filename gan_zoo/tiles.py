"""Images that are too large to go through a network at once: tiles that overlap.

`exact` is for networks that look at a neighbourhood alone: the result is that of the whole image. `blended` is for
networks that normalise by the image at hand; all tiles then share the statistics, which are averaged over them.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Maps = Float[Tensor, "n c h w"]
OtherMaps = Float[Tensor, "n _ _ _"]

WHOLE = 2**21
"""Pixels of the largest image that `blended` leaves whole: 1,920 x 1,080 is."""
CORE, OVERLAP = 1024, 128
"""Pixels a side of a tile, and those that it sees beyond each of its sides, rounded up to what the network takes."""


@dataclass(frozen=True)
class Span:
    """A tile along one side of the image: its own positions, and those that the network is shown."""

    start: int
    stop: int
    first: int
    last: int


def spans(length: int, most: int, margin: int) -> list[Span]:
    """Cut `length` positions into tiles of at most `most`, alike in size, which see `margin` more on either side."""
    count = math.ceil(length / most)
    edges = [round(place * length / count) for place in range(count + 1)]
    return [
        Span(start, stop, max(0, start - margin), min(length, stop + margin))
        for start, stop in itertools.pairwise(edges)
    ]


def exact(network: Callable[[Maps], OtherMaps], x: Maps, *, into: int, out: int, most: int, margin: int) -> OtherMaps:
    """Return `network(x)`, made tile by tile.

    Args:
        network: Gives `out` rows and columns for every `into` of its input; a remainder of the input gives none.
        x: Images or features.
        into: Rows and columns of the input that belong to one position.
        out: Rows and columns of the output that belong to one position.
        most: Positions a side of a tile.
        margin: Positions around a tile that its result depends on.
    """
    rows, columns = (spans(side // into, most, margin) for side in x.shape[2:])
    result = None
    for row in rows:
        for column in columns:
            # What is left over behind the last position is no position of its own, but the last ones look at it.
            ends = [
                None if one.last == side[-1].stop else one.last * into for one, side in ((row, rows), (column, columns))
            ]
            seen = [slice(one.first * into, end) for one, end in zip((row, column), ends, strict=True)]
            kept = [slice((one.start - one.first) * out, (one.stop - one.first) * out) for one in (row, column)]
            made = network(x[:, :, seen[0], seen[1]])[:, :, kept[0], kept[1]]
            if result is None:
                result = made.new_empty(*made.shape[:2], rows[-1].stop * out, columns[-1].stop * out)
            place = [slice(one.start * out, one.stop * out) for one in (row, column)]
            result[:, :, place[0], place[1]] = made
    assert result is not None
    return result


def cut(height: int, width: int, stride: int) -> list[tuple[Span, Span]]:
    """Return the tiles, rows and columns in pixels, in which `blended` translates; one where it leaves the image whole.

    Args:
        height: Of the image, a multiple of `stride`.
        width: Likewise.
        stride: What the sides of the network's images are multiples of.
    """
    if height * width <= WHOLE:
        return [(Span(0, height, 0, height), Span(0, width, 0, width))]
    margin = math.ceil(OVERLAP / stride)
    most = max(CORE // stride, 2 * margin)
    rows, columns = (
        [
            Span(*(place * stride for place in (one.start, one.stop, one.first, one.last)))
            for one in spans(side // stride, most, margin)
        ]
        for side in (height, width)
    )
    return [(row, column) for row in rows for column in columns]


def blended(paint: Callable[[Maps], OtherMaps], network: nn.Module, image: Maps, stride: int) -> OtherMaps:
    """Return `paint(image)`; where the image has more than `WHOLE` pixels, tile by tile.

    Norms that take the statistics of the image at hand would make each tile another picture. So the tiles are gone
    through twice: first each by itself, to average every norm's mean and variance over them, then all by these. Where
    tiles overlap the one fades into the other. The result is close to that of the whole image, not equal to it.

    Args:
        paint: Makes an image of an image of the same size, by `network`.
        network: Whose norms are shared.
        image: In [-1, 1], sides multiples of `stride`.
        stride: What the sides of the network's images are multiples of.
    """
    tiles = cut(image.shape[2], image.shape[3], stride)
    if len(tiles) == 1:
        return paint(image)
    parts = [image[:, :, row.first : row.last, column.first : column.last] for row, column in tiles]
    with gathered_statistics(network) as statistics:
        for part in parts:
            paint(part)
    result = None
    with fixed_statistics(statistics):
        for (row, column), part in zip(tiles, parts, strict=True):
            made = paint(part)
            if result is None:
                result = made.new_zeros(*made.shape[:2], *image.shape[2:])
            weight = fade(row, image.shape[2])[:, None] * fade(column, image.shape[3])
            result[:, :, row.first : row.last, column.first : column.last] += made * weight.to(made)
    assert result is not None
    return result


def fade(span: Span, length: int) -> Float[Tensor, " n"]:
    """Return how much a tile counts at each of its positions; the weights of all tiles sum to 1 everywhere.

    From a border within the image, the first quarter of what two tiles share counts nothing, for the network had
    nothing to see beyond it; over the next half the weight rises to 1.
    """
    place = torch.arange(span.first, span.last) + 0.5
    weight = torch.ones(len(place))
    if span.first > 0:
        margin = span.start - span.first
        weight *= ((place - span.first) / margin - 0.5).clamp(0, 1)
    if span.last < length:
        margin = span.last - span.stop
        weight *= ((span.last - place) / margin - 0.5).clamp(0, 1)
    return weight


class Moments:
    """The mean and the variance of what one norm saw, over all images that it was shown."""

    def __init__(self, groups: int) -> None:
        self.groups, self.count = groups, 0
        self.total: Tensor | float = 0.0
        self.square: Tensor | float = 0.0

    def add(self, x: Maps) -> None:
        groups = x.reshape(len(x), self.groups, -1)
        variance, mean = torch.var_mean(groups, dim=2, correction=0)
        count, mean = groups.shape[2], mean.double()
        self.count += count
        self.total = self.total + count * mean
        self.square = self.square + count * (variance.double() + mean.square())

    def normalise(self, layer: nn.GroupNorm | _BatchNorm, x: Maps) -> Maps:
        """Apply the norm `layer` with these moments in place of those of `x`."""
        mean = torch.as_tensor(self.total) / self.count
        variance = torch.as_tensor(self.square) / self.count - mean.square()
        scale = (variance.clamp(min=0) + layer.eps).rsqrt()
        scale, mean = (value.repeat_interleave(x.shape[1] // self.groups, dim=1) for value in (scale, mean))
        scale = scale if layer.weight is None else scale * layer.weight
        shift = -mean * scale if layer.bias is None else layer.bias - mean * scale
        return torch.addcmul(shift.to(x)[:, :, None, None], x, scale.to(x)[:, :, None, None])


Statistics = dict[nn.GroupNorm | _BatchNorm, Moments]


@contextmanager
def gathered_statistics(network: nn.Module) -> Iterator[Statistics]:
    """Within the block, note what every norm of `network` sees that has no running statistics."""
    statistics: Statistics = {}
    with ExitStack() as stack:
        for layer in network.modules():
            if isinstance(layer, nn.GroupNorm) or (isinstance(layer, _BatchNorm) and not layer.track_running_stats):
                moments = Moments(layer.num_groups if isinstance(layer, nn.GroupNorm) else layer.num_features)
                statistics[layer] = moments
                stack.callback(layer.register_forward_pre_hook(partial(note, moments)).remove)
        yield statistics


def note(moments: Moments, layer: nn.Module, inputs: tuple[Tensor]) -> None:
    """Add what a norm is about to see to its `moments`."""
    moments.add(inputs[0])


@contextmanager
def fixed_statistics(statistics: Statistics) -> Iterator[None]:
    """Within the block, let every norm use these statistics in place of those of the image at hand."""
    try:
        for layer, moments in statistics.items():
            setattr(layer, "forward", partial(moments.normalise, layer))  # noqa: B010
        yield
    finally:
        for layer in statistics:
            layer.__dict__.pop("forward", None)
