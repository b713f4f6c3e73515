"""The clock of a growing model: which resolution and which blend a step has, as a pure function of the step."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from gan_zoo.errors import Mistake


class Stage(NamedTuple):
    """Where a growing model stands.

    Args:
        resolution: Side of the images that it is trained on, in pixels.
        alpha: Share of the newest layers in the result: 0 when they come, 1 when they are faded in.
    """

    resolution: int
    alpha: float


class Span(NamedTuple):
    """The steps that one resolution is trained for: the first step, the images shown before it, images of a step."""

    step: int
    images: int
    batch_size: int


@dataclass(frozen=True)
class Growth:
    """Growth from one resolution to another, counted in real images shown (Karras 2018, Figure 2).

    The first resolution is trained for `stable_images`. Each of the next ones is faded in over `fade_images`, and then
    trained for `stable_images`; the last until the run ends.
    """

    first: int
    """The first resolution, a power of two."""
    last: int
    """The last resolution, a power of two."""
    stable_images: int
    """Images shown at each resolution after it has been faded in."""
    fade_images: int
    """Images shown while a resolution is faded in; 0: it comes at once."""
    batch_sizes: tuple[int, ...]
    """Images of a step, over all devices, at each resolution from the first on; the last number holds from there on."""

    def __post_init__(self) -> None:
        for name, side in (("first_resolution", self.first), ("image_shape", self.last)):
            if side < 4 or side & (side - 1):
                raise Mistake(
                    f"{name} has {side} pixels a side, and a growing model doubles its images from 4 on: give it a "
                    "power of two, such as data.resolution 128."
                )
        if self.first > self.last:
            raise Mistake(
                f"first_resolution is {self.first}, above the data's {self.last}: choose at most {self.last}."
            )
        if self.stable_images + self.fade_images < 1:
            raise Mistake(
                "stable_images and fade_images are both 0, so no resolution would last: give one of them more."
            )

    def resolutions(self) -> list[int]:
        """Return all resolutions, from the first to the last."""
        return [self.first << level for level in range((self.last // self.first).bit_length())]

    def level(self, step: int) -> int:
        """Return how many times the resolution has been doubled at step `step`."""
        return self.resolutions().index(self.stage(step).resolution)

    def stage(self, step: int) -> Stage:
        """Return resolution and blend of step `step`."""
        return self.after(self.images(step))

    def after(self, images: int) -> Stage:
        """Return resolution and blend once so many images have been shown."""
        level, within = divmod(images, self.stable_images + self.fade_images)
        fading = within - self.stable_images
        if level >= len(self.resolutions()) - 1:
            return Stage(self.last, 1.0)
        if fading < 0:
            return Stage(self.first << level, 1.0)
        return Stage(self.first << level + 1, fading / self.fade_images)

    def images(self, step: int) -> int:
        """Return how many images are shown before step `step`."""
        span = self._span(step)
        return span.images + (step - span.step) * span.batch_size

    def batch_size(self, step: int) -> int:
        """Return the images of step `step`, over all devices."""
        return self._span(step).batch_size

    def turns(self, step: int) -> bool:
        """Return whether step `step` is the first of a fade, or the first after a fade."""
        return step > 0 and self._part(self.stage(step)) != self._part(self.stage(step - 1))

    def _part(self, stage: Stage) -> tuple[int, bool]:
        return stage.resolution, stage.alpha < 1

    def _span(self, step: int) -> Span:
        return self._spans[bisect_right(self._spans, step, key=lambda span: span.step) - 1]

    @cached_property
    def _spans(self) -> list[Span]:
        spans = [Span(0, 0, self.batch_sizes[0])]
        for level in range(1, len(self.resolutions())):
            step, images, batch_size = spans[-1]
            begin = level * (self.stable_images + self.fade_images) - self.fade_images
            steps = max(0, math.ceil((begin - images) / batch_size))
            size = self.batch_sizes[min(level, len(self.batch_sizes) - 1)]
            spans.append(Span(step + steps, images + steps * batch_size, size))
        return spans
