"""The names of the labels of one or more data sets, and how to make, read and change a label by name.

A label is one vector of zeros and ones for all sets side by side, [set 1 | set 2 | ...]. An image of a
set of classes has exactly one of them. An image of a set of attributes has any number, but at most one of those that
exclude each other.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from datamodules.labels import LabelSet
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest
from gan_zoo.translation.routes import Route


class Labels:
    """The labels of all data sets, side by side.

    Args:
        sets: The names and the kind of the labels of each set.

    Raises:
        Mistake: A set has no labels, or two labels have the same name.
    """

    def __init__(self, sets: Sequence[LabelSet]) -> None:
        self.names = tuple(name for label_set in sets for name in label_set["names"])
        self.kinds = tuple(label_set["kind"] for label_set in sets)
        self.exclusive = tuple(tuple(group) for label_set in sets for group in label_set["exclusive"])
        ends = accumulate((len(label_set["names"]) for label_set in sets), initial=0)
        self.spans = tuple(slice(first, end) for first, end in pairwise(ends))
        if not sets or not all(label_set["names"] for label_set in sets):
            raise Mistake("The data has no labels to translate to: name some, such as data.attributes of CelebA.")
        if duplicate := next((name for name in self.names if self.names.count(name) > 1), None):
            raise Mistake(f"The data has two labels called {duplicate}: the names of labels must be unique.")

    def masks(self) -> Float[Tensor, "sets k"]:
        """Return a mask that is 1 where the label belongs to the set, with one row for each set."""
        rows = torch.zeros(len(self.spans), len(self.names))
        for row, span in zip(rows, self.spans, strict=True):
            row[span] = 1
        return rows

    def place(self, name: str) -> int:
        """Return the position of the label `name` in the vector.

        Raises:
            Mistake: No label has this name. The message lists the names.
        """
        if name not in self.names:
            raise Mistake(f"There is no label {name}{closest(name, self.names)}: there are {', '.join(self.names)}.")
        return self.names.index(name)

    def domain(self, place: int) -> int:
        """Return the number of the set that the label at `place` belongs to."""
        return next(number for number, span in enumerate(self.spans) if span.start <= place < span.stop)

    def excluded(self, place: int) -> list[int]:
        """Return the positions of the labels that the label at `place` excludes."""
        own = self.names[place]
        return [self.place(name) for group in self.exclusive if own in group for name in group if name != own]

    def is_flipped(self, place: int) -> bool:
        """Return whether `changed` flips the label at `place`, which holds for labels outside exclusive groups."""
        return not any(self.names[place] in group for group in self.exclusive)

    def predicted(self, logits: Float[Tensor, "n k"]) -> Bool[Tensor, "n k"]:
        """Return which labels have logits above 0. Of labels that exclude each other, only the largest can remain."""
        label = logits > 0
        for group in self.exclusive:
            places = [self.place(name) for name in group]
            largest = logits[:, places].argmax(dim=1, keepdim=True)
            label[:, places] &= torch.zeros_like(label[:, places]).scatter(1, largest, True)
        return label

    def one_set(self, names: Sequence[str]) -> int:
        """Return the number of the set that all `names` belong to.

        Raises:
            Mistake: `names` is empty, has an unknown name, or has names of different sets.
        """
        domains = {self.domain(self.place(name)) for name in names}
        if not domains:
            raise Mistake(f"No label is given: name one or more of {', '.join(self.names)}.")
        if len(domains) > 1:
            raise Mistake(f"The labels {', '.join(names)} belong to different sets: name labels of one set.")
        return domains.pop()

    def asked(self, names: Sequence[str]) -> tuple[Float[Tensor, " k"], int]:
        """Return the label that has `names` and no others, and the number of the set that they belong to.

        Raises:
            Mistake: `names` is empty, has an unknown name, has names of different sets, or two that exclude each other.
        """
        domain, places = self.one_set(names), [self.place(name) for name in names]
        for place in places:
            if conflicts := set(self.excluded(place)) & set(places):
                raise Mistake(f"{self.names[place]} and {self.names[min(conflicts)]} exclude each other: name one.")
        label = torch.zeros(len(self.names))
        label[places] = 1
        return label, domain

    def with_value(self, label: Float[Tensor, "n k"], place: int, value: bool = True) -> Float[Tensor, "n k"]:
        """Return `label` with `value` at `place`. Setting a label clears those that it excludes."""
        result = label.clone()
        result[:, place] = float(value)
        if value:
            result[:, self.excluded(place)] = 0
        return result

    def changed(self, label: Float[Tensor, "n k"], place: int) -> Float[Tensor, "n k"]:
        """Return the target that shows the effect of the label at `place` on images of `label` (Choi 2018's program).

        A label of an exclusive group is set, and the others of its group are cleared. Any other label is flipped.
        """
        result = self.with_value(label, place)
        if self.is_flipped(place):
            result[:, place] = 1 - label[:, place]
        return result

    @property
    def routes(self) -> tuple[Route, ...]:
        """A route that sets each label, and one that clears it (`not_` and its name) unless it excludes others."""
        routes = []
        for place, name in enumerate(self.names):
            setting = Route(name, label=place, label_name=name, domain=self.domain(place))
            clearing = replace(setting, name=f"not_{name}", value=False)
            routes += [setting] if self.excluded(place) else [setting, clearing]
        return tuple(routes)
