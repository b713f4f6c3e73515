"""Scores of a model that paints contents as styles: every content in every style, nearer to the style, still itself."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from datamodules.order import Request
from gan_zoo import images, perceptual
from gan_zoo.distributed.strategy import gathered
from gan_zoo.errors import Mistake
from gan_zoo.metrics import art
from gan_zoo.metrics.evaluator import Evaluator, Scores, chosen
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.metrics.names import score_name
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.metrics.score import Value
from gan_zoo.metrics.translated import Result

Images = Float[Tensor, "n 3 h w"]


@runtime_checkable
class Stylizing(Protocol):
    """A model that paints any content in any style, and the network that it was taught by."""

    encoder: perceptual.Features

    def stylize(self, content: Images, styles: list[Float[Tensor, "1 3 _ _"]]) -> Images:
        """`content` in `styles`, in [-1, 1]."""
        ...


@dataclass
class Painted:
    """Each content in each style, by index, as an evaluator takes them; each result is measured on the way."""

    model: Stylizing
    contents: Any
    styles: Any
    indices: list[int]
    """Of the contents that are painted."""
    conditions: Conditions
    device: torch.device
    unit: int = 1
    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Of the distances of this process's results."""

    def images(self, first: int, count: int) -> UInt8[Tensor, " n 3 h w"]:
        return torch.cat([self._one(*divmod(i, len(self.styles))) for i in range(first, first + count)])

    @torch.no_grad()
    def _one(self, which: int, style: int) -> UInt8[Tensor, "1 3 h w"]:
        content, other = (self._shown(self.contents, self.indices[which - back]) for back in (0, 1))
        paint = self._shown(self.styles, style)
        result = images.to_uint8(self.model.stylize(content, [paint]))
        look = self.model.encoder
        seen, before, stranger, wanted = (look(image) for image in (images.to_float(result), content, other, paint))
        self.sums["style"] += art.style_distance(seen, wanted)
        self.sums["style before"] += art.style_distance(before, wanted)
        self.sums["content"] += art.content_distance(seen, before)
        self.sums["another content"] += art.content_distance(stranger, before)
        return result

    def _shown(self, source: Any, index: int) -> Images:
        image = images.to_float(source[Request(np.array([index]))]["image"].to(self.device))
        return image.expand(-1, 3, -1, -1)


class Stylizations:
    """Scores models that stylize, on the contents `a` and the styles `b` of one data module.

    Args:
        data: the data module, set up.
        split: another of its splits than the one that it trains on; None: that one.
        extractor: network whose features of results and styles are compared.
        metrics: their names.
        device: where features are computed, and the models are.

    Raises:
        Mistake: data without contents and styles, or what `Evaluator` raises.
    """

    def __init__(
        self, data: Any, split: str | None, extractor: Extractor, metrics: tuple[str, ...], device: torch.device
    ) -> None:
        sides = data.at_split(split).sides
        if not {"a", "b"} <= set(sides):
            raise Mistake(f"{type(data).__name__} shows no contents `a` and styles `b`: other data.")
        self.contents, self.styles, self.device = sides["a"], sides["b"], device
        if len(self.contents) < 2:
            raise Mistake(f"{self.contents.name} has one image: contents are told apart from others, give two or more.")
        self.evaluator = Evaluator(self.styles, extractor, metrics, device, split or getattr(data, "split", ""))
        self.higher_is_better = False
        """Of the style share."""

    def few(self, samples: int) -> str:
        """As `Evaluator.few`."""
        return self.evaluator.few(self._painted(samples))

    def results(self, model: Stylizing, samples: int) -> list[Result]:
        """Scores and their protocols; the first, `style_share`, decides which step is best.

        Args:
            model: on the device.
            samples: results; as many contents as fit are painted in all styles, two at the least.
        """
        count = self._painted(samples)
        conditions = Conditions(
            weights="last", source=self.contents.name, source_fingerprint=self.contents.fingerprint()
        )
        indices = chosen(len(self.contents), count // len(self.styles)).tolist()
        made = Painted(model, self.contents, self.styles, indices, conditions, self.device)
        scores, protocol = self.evaluator.score(made, count)
        mean = {name: value / count for name, value in total(made.sums).items()}
        network, judged = model.encoder, self.evaluator.extractor
        seen = replace(protocol, extractor=network.network, extractor_weights=network.fingerprint(), resize="none")
        found: list[Result] = [(distances(mean, network.network, count), seen), (scores, protocol)]
        frechet = scores.get(score_name("fd", judged.name, count))
        if frechet:
            both = f"{protocol.extractor_weights} {seen.extractor_weights}"
            value = Value(art.art_fid(content=mean["content"], frechet=frechet.value))
            found.append(({score_name("art_fd", judged.name, count): value}, replace(protocol, extractor_weights=both)))
        return found

    def _painted(self, samples: int) -> int:
        """Results that are made where `samples` are asked for."""
        styles = len(self.styles)
        return styles * min(len(self.contents), max(2, samples // styles))


def distances(mean: dict[str, float], network: str, count: int) -> Scores:
    """Mean distances from style and content, alone and beside those of an image that nothing was done to.

    Args:
        mean: of what `Painted` sums.
        network: whose features.
        count: of the results.
    """
    values = {
        "style_share": mean["style"] / mean["style before"],
        "content_share": mean["content"] / mean["another content"],
        "style_distance": mean["style"],
        "content_distance": mean["content"],
    }
    return {score_name(name, network, count): Value(value) for name, value in values.items()}


def total(sums: dict[str, float]) -> dict[str, float]:
    """The sums over all processes, of which the last ones may have had no image."""
    parts = gathered(dict(sums))
    return {name: sum(part.get(name, 0.0) for part in parts) for name in parts[0]}
