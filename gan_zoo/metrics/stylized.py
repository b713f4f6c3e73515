"""Scores of style transfer: every content is painted in every style, and compared with its content and its style."""

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
from gan_zoo.metrics.fakes import grey_levels
from gan_zoo.metrics.names import score_name
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.metrics.real import real
from gan_zoo.metrics.score import Value
from gan_zoo.metrics.translated import Result

Images = Float[Tensor, "n 3 h w"]


@runtime_checkable
class Stylizing(Protocol):
    """A model that paints any content in any style, with the network that it was trained with."""

    encoder: perceptual.Features

    def stylize(self, content: Images, styles: list[Float[Tensor, "1 3 _ _"]]) -> Images:
        """Paint `content` in a mixture of `styles`; all images are in [-1, 1]."""
        ...


@dataclass
class Painted:
    """Each content painted in each style, by index, for an evaluator; each result is also measured on the way."""

    model: Stylizing
    contents: Any
    styles: Any
    indices: list[int]
    """Indices of the contents that are painted."""
    conditions: Conditions
    device: torch.device
    unit: int = 1
    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Sums of distances over the results of this process."""

    def images(self, first: int, count: int) -> UInt8[Tensor, " n 3 h w"]:
        return torch.cat([self._paint(*divmod(i, len(self.styles))) for i in range(first, first + count)])

    @torch.no_grad()
    def _paint(self, content_number: int, style_number: int) -> UInt8[Tensor, "1 3 h w"]:
        content, other = (self._load(self.contents, self.indices[content_number - back]) for back in (0, 1))
        style = self._load(self.styles, style_number)
        result = grey_levels(self.model.stylize(content, [style]), type(self.model).__name__)
        of_result, of_content, of_other, of_style = (
            self.model.encoder(image) for image in (images.to_float(result), content, other, style)
        )
        self.sums["style"] += art.style_distance(of_result, of_style)
        self.sums["style before"] += art.style_distance(of_content, of_style)
        self.sums["content"] += art.content_distance(of_result, of_content)
        self.sums["another content"] += art.content_distance(of_other, of_content)
        return result

    def _load(self, source: Any, index: int) -> Images:
        image = images.to_float(source[Request(np.array([index]))]["image"].to(self.device))
        return image.expand(-1, 3, -1, -1)


class Stylizations:
    """The evaluator of models that stylize, on the contents `a` and the styles `b` of one data module.

    Args:
        data: The data module, set up.
        split: Split to paint and compare with; None: the one that the data module trains on.
        extractor: Network whose features of results and styles are compared.
        metrics: Names of the metrics.
        device: Where features are computed and the models are.

    Raises:
        Mistake: The data has no contents and styles, or `Evaluator` refuses the arguments.
    """

    def __init__(
        self, data: Any, split: str | None, extractor: Extractor, metrics: tuple[str, ...], device: torch.device
    ) -> None:
        sides = data.at_split(split).sides
        if not {"a", "b"} <= set(sides):
            raise Mistake(f"{type(data).__name__} shows no contents `a` and styles `b`: choose other data.")
        self.contents, self.styles, self.device = sides["a"], sides["b"], device
        if len(self.contents) < 2:
            raise Mistake(
                f"{self.contents.name} has one image: each content is compared with another, so two are needed."
            )
        self.evaluator = Evaluator(self.styles, extractor, metrics, device, real(data, self.styles, split).split)
        self.higher_is_better = False
        """The style share decides which step is best, and lower values of it are better."""

    def few(self, samples: int) -> str:
        """Return the note of `Evaluator.few`."""
        return self.evaluator.few(self._count(samples))

    def withheld(self, samples: int) -> dict[str, str]:
        """Return the metrics that give no value, each with the reason (`Evaluator.withheld`)."""
        return self.evaluator.withheld(self._count(samples))

    def results(self, model: Stylizing, samples: int) -> list[Result]:
        """Return the scores with their protocols; the first, `style_share`, decides which step is best.

        Args:
            model: The model, on the device.
            samples: Number of results to make. As many contents as fit, and at least two, are painted in all styles.
        """
        count = self._count(samples)
        conditions = Conditions.of_sources(self.contents)
        indices = chosen(len(self.contents), count // len(self.styles)).tolist()
        painted = Painted(model, self.contents, self.styles, indices, conditions, self.device)
        scores, protocol = self.evaluator.score(painted, count)
        mean = {name: value / count for name, value in total(painted.sums).items()}
        encoder, extractor = model.encoder, self.evaluator.extractor.name
        of_encoder = replace(
            protocol,
            extractor=encoder.network,
            extractor_weights=encoder.fingerprint(),
            extractor_version=1,
            resize="none",
        )
        results: list[Result] = [(distances(mean, encoder.network, count), of_encoder), (scores, protocol)]
        frechet = scores.get(score_name("fd", extractor, count))
        if frechet:
            value = Value(art.art_fid(content=mean["content"], frechet=frechet.value))
            weights = f"{protocol.extractor_weights} {of_encoder.extractor_weights}"
            of_both = replace(protocol, extractor_weights=weights)
            results.append(({score_name("art_fd", extractor, count): value}, of_both))
        return results

    def _count(self, samples: int) -> int:
        """Return the number of results that `results` makes for `samples`."""
        styles = len(self.styles)
        return styles * min(len(self.contents), max(2, samples // styles))


def distances(mean: dict[str, float], network: str, count: int) -> Scores:
    """Return the mean distances to style and content, absolute and relative to those of an unchanged image.

    Args:
        mean: Means of the values that `Painted` sums.
        network: Name of the network whose features are compared.
        count: Number of results.
    """
    values = {
        "style_share": mean["style"] / mean["style before"],
        "content_share": mean["content"] / mean["another content"],
        "style_distance": mean["style"],
        "content_distance": mean["content"],
    }
    return {score_name(name, network, count): Value(value) for name, value in values.items()}


def total(sums: dict[str, float]) -> dict[str, float]:
    """Return the sums over all processes; the last of them may have had no images."""
    parts = gathered(dict(sums))
    return {name: sum(part.get(name, 0.0) for part in parts) for name in parts[0]}
