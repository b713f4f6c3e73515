"""What a person can set for a picture: controls with a name, a title and limits, which read values as text.

The worker process says which controls a run has; the page shows these and no others.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten

NOT = "not_"
"""Prefix of a label that an image shall not have."""
UPLOAD = re.compile(r"[0-9a-f]{24}")
"""The name of an image that the user has sent, which is a hash of its content."""


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    name: str
    title: str
    default: int
    least: int
    most: int
    kind: str = field(default="whole", init=False)

    def read(self, text: str) -> int:
        if not re.fullmatch(r"-?\d{1,15}", text, re.ASCII) or not self.least <= int(text) <= self.most:
            raise Mistake(f"{self.name} is {shorten(text, 40)}: a whole number from {self.least} to {self.most}.")
        return int(text)


@dataclass(frozen=True)
class Slider:
    """A number between two ends."""

    name: str
    title: str
    default: float
    least: float
    most: float
    step: float
    kind: str = field(default="slider", init=False)

    def read(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self.least <= value <= self.most:
            raise Mistake(f"{self.name} is {shorten(text, 40)}: a number from {self.least} to {self.most}.")
        return value


@dataclass(frozen=True)
class Choice:
    """One of several words."""

    name: str
    title: str
    default: str
    options: tuple[str, ...]
    kind: str = field(default="choice", init=False)

    def read(self, text: str) -> str:
        if text not in self.options:
            listed = shorten(", ".join(self.options), 200)
            raise Mistake(f"{self.name} is {shorten(text, 40)}: there are {listed}.")
        return text


@dataclass(frozen=True)
class Switches:
    """Labels that an image shall have or, with `not_` before the name, shall not have; the others stay as they are."""

    name: str
    title: str
    default: str
    options: tuple[str, ...]
    kind: str = field(default="switches", init=False)

    def read(self, text: str) -> tuple[str, ...]:
        words = tuple(filter(None, text.split(",")))
        bare = [word.removeprefix(NOT) for word in words]
        for name in bare:
            if name not in self.options or bare.count(name) > 1:
                listed = shorten(", ".join(self.options), 200)
                raise Mistake(f"{self.name} is {shorten(text, 40)}: name each of {listed} once, or not.")
        return words


@dataclass(frozen=True)
class Picture:
    """An image: one of the run's own by its number, or one that the user has sent, by its name."""

    name: str
    title: str
    default: str
    count: int
    """Number of the run's own images."""
    note: str = ""
    """Why the run has none of its own."""
    kind: str = field(default="picture", init=False)

    def read(self, text: str) -> int | str:
        if UPLOAD.fullmatch(text):
            return text
        if re.fullmatch(r"\d{1,4}", text, re.ASCII) and int(text) < self.count:
            return int(text)
        if not self.count:
            raise Mistake(f"Choose an image file. {self.note}".strip())
        raise Mistake(f"{self.name} is {shorten(text, 40)}: choose a file, or an image from 0 to {self.count - 1}.")


Control = Whole | Slider | Choice | Switches | Picture


@dataclass(frozen=True)
class Mode:
    """A kind of picture that a run can show."""

    name: str
    title: str
    controls: tuple[Control, ...]
    draw: Callable[[Mapping[str, Any]], Any]
    """Makes the picture of values by name."""

    def described(self) -> dict[str, Any]:
        """Return what the page needs to know, as plain values."""
        return {"name": self.name, "title": self.title, "controls": [asdict(control) for control in self.controls]}

    def read(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return a value for each control, from texts by name. What is not named has its default.

        Raises:
            Mistake: A value is out of its limits, or there is no such control.
        """
        known = {control.name: control for control in self.controls}
        for name in texts:
            if name not in known:
                raise Mistake(f"{self.title} has no control {shorten(name, 40)}: it has {', '.join(known)}.")
        return {name: control.read(texts.get(name, str(control.default))) for name, control in known.items()}
