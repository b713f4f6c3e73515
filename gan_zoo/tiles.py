"""Overlapping tiles, for images that are too large to pass through a network at once.

`exact` is for networks in which a result depends only on a neighbourhood: it gives the result of the whole image.
`blended` is for networks whose norms use the statistics of the image: all tiles share the average of their statistics.
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
"""Number of pixels of the largest image that `blended` does not cut, which includes 1,920 x 1,080."""
CORE, OVERLAP = 1024, 128
"""Pixels a side of a tile, and pixels that the network sees beyond each side, rounded up to multiples of the stride."""


@dataclass(frozen=True)
class Span:
    """A tile along one side of the image: its own positions, and the positions that the network sees."""

    start: int
    stop: int
    """The tile's own positions are `start` to `stop`."""
    first: int
    last: int
    """The network sees the positions `first` to `last`."""


def spans(length: int, core: int, margin: int) -> list[Span]:
    """Cut `length` positions into about equal tiles of at most `core`, each seen with `margin` more on either side."""
    count = math.ceil(length / core)
    edges = [round(place * length / count) for place in range(count + 1)]
    return [
        Span(start, stop, max(0, start - margin), min(length, stop + margin))
        for start, stop in itertools.pairwise(edges)
    ]


def exact(network: Callable[[Maps], OtherMaps], x: Maps, *, into: int, out: int, core: int, margin: int) -> OtherMaps:
    """Return `network(x)`, computed tile by tile.

    Args:
        network: Returns `out` rows and columns for every `into` of its input, and none for a remainder of the input.
        x: Images or features.
        into: Rows and columns of the input that belong to one position.
        out: Rows and columns of the output that belong to one position.
        core: Positions a side of a tile.
        margin: Positions around a tile on which its result depends.
    """
    rows, columns = (spans(side // into, core, margin) for side in x.shape[2:])
    result = None
    for row in rows:
        for column in columns:
            # A remainder of the input is no position itself, but the last positions depend on it.
            ends = [
                None if span.last == side[-1].stop else span.last * into
                for span, side in ((row, rows), (column, columns))
            ]
            shown = [slice(span.first * into, end) for span, end in zip((row, column), ends, strict=True)]
            own = [slice((span.start - span.first) * out, (span.stop - span.first) * out) for span in (row, column)]
            tile = network(x[:, :, shown[0], shown[1]])[:, :, own[0], own[1]]
            if result is None:
                result = tile.new_empty(*tile.shape[:2], rows[-1].stop * out, columns[-1].stop * out)
            place = [slice(span.start * out, span.stop * out) for span in (row, column)]
            result[:, :, place[0], place[1]] = tile
    assert result is not None
    return result


def cut(height: int, width: int, stride: int) -> list[tuple[Span, Span]]:
    """Return the rows and columns, in pixels, of the tiles of `blended`. An image that is not cut is one tile.

    Args:
        height: Height of the image, a multiple of `stride`.
        width: Width of the image, a multiple of `stride`.
        stride: Number of pixels that the sides of the network's images are multiples of.
    """
    if height * width <= WHOLE:
        return [(Span(0, height, 0, height), Span(0, width, 0, width))]
    margin = math.ceil(OVERLAP / stride)
    core = max(CORE // stride, 2 * margin)
    rows, columns = (
        [
            Span(*(place * stride for place in (span.start, span.stop, span.first, span.last)))
            for span in spans(side // stride, core, margin)
        ]
        for side in (height, width)
    )
    return [(row, column) for row in rows for column in columns]


def blended(paint: Callable[[Maps], OtherMaps], network: nn.Module, image: Maps, stride: int) -> OtherMaps:
    """Return `paint(image)`, computed tile by tile if the image has more than `WHOLE` pixels.

    Norms that use the statistics of their input would give each tile another look. The tiles are therefore painted
    twice: first each with its own statistics, whose average over all tiles is taken, then with this average. Tiles fade
    into each other where they overlap. The result is close to that of the whole image, but not equal to it.

    Args:
        paint: Maps an image to an image of the same size, with `network`.
        network: The network whose norms share their statistics.
        image: Images in [-1, 1], sides multiples of `stride`.
        stride: Number of pixels that the sides of the network's images are multiples of.
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
            tile = paint(part)
            if result is None:
                result = tile.new_zeros(*tile.shape[:2], *image.shape[2:])
            weight = fade(row, image.shape[2])[:, None] * fade(column, image.shape[3])
            result[:, :, row.first : row.last, column.first : column.last] += tile * weight.to(tile)
    assert result is not None
    return result


def fade(span: Span, length: int) -> Float[Tensor, " n"]:
    """Return the weight of a tile at each of its positions. The weights of all tiles sum to 1 everywhere.

    Where two tiles overlap, the weight is 0 in the first quarter from the tile's border, because the network sees
    nothing beyond the border. It rises to 1 over the next half.
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
    """The mean and the variance of the inputs of one norm, over all tiles.

    Args:
        groups: Number of groups of channels that the norm normalises apart.
    """

    def __init__(self, groups: int) -> None:
        self.groups, self.count = groups, 0
        self.total: Tensor | float = 0.0
        self.square: Tensor | float = 0.0

    def add(self, x: Maps) -> None:
        """Add the statistics of one tile."""
        groups = x.reshape(len(x), self.groups, -1)
        variance, mean = torch.var_mean(groups, dim=2, correction=0)
        count, mean = groups.shape[2], mean.double()
        self.count += count
        self.total = self.total + count * mean
        self.square = self.square + count * (variance.double() + mean.square())

    def normalise(self, layer: nn.GroupNorm | _BatchNorm, x: Maps) -> Maps:
        """Return `layer(x)` with these moments instead of those of `x`."""
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
    """Within the block, collect the statistics of the inputs of each norm of `network` without running statistics."""
    statistics: Statistics = {}
    with ExitStack() as stack:
        for layer in network.modules():
            if isinstance(layer, nn.GroupNorm) or (isinstance(layer, _BatchNorm) and not layer.track_running_stats):
                moments = Moments(layer.num_groups if isinstance(layer, nn.GroupNorm) else layer.num_features)
                statistics[layer] = moments
                stack.callback(layer.register_forward_pre_hook(partial(note, moments)).remove)
        yield statistics


def note(moments: Moments, layer: nn.Module, inputs: tuple[Tensor]) -> None:
    """Add the input of a norm to its `moments`. This is the hook that runs before its forward pass."""
    moments.add(inputs[0])


@contextmanager
def fixed_statistics(statistics: Statistics) -> Iterator[None]:
    """Within the block, let each norm use these statistics instead of those of its input."""
    try:
        for layer, moments in statistics.items():
            setattr(layer, "forward", partial(moments.normalise, layer))  # noqa: B010
        yield
    finally:
        for layer in statistics:
            layer.__dict__.pop("forward", None)
