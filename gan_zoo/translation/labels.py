"""What the labels of one or several data sets are called, and what is asked of them by name.

The labels of all sets stand beside each other in one vector of zeros and ones, [set 1 | set 2 | ...]. In a set of
classes an image has one of them; in a set of attributes any, but for those that exclude each other.
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
    """The labels of all sets, side by side.

    Args:
        sets: what they are called, set by set.

    Raises:
        Mistake: a set without labels, or a name that comes twice.
    """

    def __init__(self, sets: Sequence[LabelSet]) -> None:
        self.names = tuple(name for one in sets for name in one["names"])
        self.kinds = tuple(one["kind"] for one in sets)
        self.exclusive = tuple(tuple(group) for one in sets for group in one["exclusive"])
        ends = accumulate((len(one["names"]) for one in sets), initial=0)
        self.spans = tuple(slice(first, end) for first, end in pairwise(ends))
        if not sets or not all(one["names"] for one in sets):
            raise Mistake("The data has no labels to translate to: name some, as data.attributes of CelebA.")
        if twice := next((name for name in self.names if self.names.count(name) > 1), None):
            raise Mistake(f"{twice} is a label of the data twice: no image could be asked for it by name.")

    def own(self) -> Float[Tensor, "sets k"]:
        """1 where a label is of a set, a row a set."""
        rows = torch.zeros(len(self.spans), len(self.names))
        for row, span in zip(rows, self.spans, strict=True):
            row[span] = 1
        return rows

    def place(self, name: str) -> int:
        """Where in the vector a label is.

        Raises:
            Mistake: there is none of that name: lists those there are.
        """
        if name not in self.names:
            raise Mistake(f"There is no label {name}{closest(name, self.names)}: there are {', '.join(self.names)}.")
        return self.names.index(name)

    def domain(self, place: int) -> int:
        """The set that the label at `place` is of."""
        return next(number for number, span in enumerate(self.spans) if span.start <= place < span.stop)

    def excluded(self, place: int) -> list[int]:
        """The places of the labels that the one at `place` excludes."""
        own = self.names[place]
        return [self.place(name) for group in self.exclusive if own in group for name in group if name != own]

    def is_flipped(self, place: int) -> bool:
        """Return whether the label at `place` is of no group: to look at it is to see it given or taken."""
        return not any(self.names[place] in group for group in self.exclusive)

    def told_by(self, logits: Float[Tensor, "n k"]) -> Bool[Tensor, "n k"]:
        """The labels whose logits are above 0; of those that exclude each other, the one of the largest at most."""
        label = logits > 0
        for group in self.exclusive:
            places = [self.place(name) for name in group]
            largest = logits[:, places].argmax(dim=1, keepdim=True)
            label[:, places] &= torch.zeros_like(label[:, places]).scatter(1, largest, True)
        return label

    def one_set(self, names: Sequence[str]) -> int:
        """The set that `names` are of.

        Raises:
            Mistake: none, an unknown one, or some of different sets.
        """
        domains = {self.domain(self.place(name)) for name in names}
        if len(domains) != 1:
            raise Mistake(f"{', '.join(names) or 'Nothing'} is asked for: name one label or more, all of one set.")
        return domains.pop()

    def asked(self, names: Sequence[str]) -> tuple[Float[Tensor, " k"], int]:
        """The label that has `names` and no other, and the set that they are of.

        Raises:
            Mistake: none, an unknown one, some of different sets, or two that exclude each other.
        """
        domain, places = self.one_set(names), [self.place(name) for name in names]
        for place in places:
            if both := set(self.excluded(place)) & set(places):
                raise Mistake(f"{self.names[place]} and {self.names[min(both)]} exclude each other: ask for one.")
        label = torch.zeros(len(self.names))
        label[places] = 1
        return label, domain

    def given(self, label: Float[Tensor, "n k"], place: int, value: bool = True) -> Float[Tensor, "n k"]:
        """`label` with the one at `place` given, and those that it excludes taken, or with it taken."""
        result = label.clone()
        result[:, place] = float(value)
        if value:
            result[:, self.excluded(place)] = 0
        return result

    def changed(self, label: Float[Tensor, "n k"], place: int) -> Float[Tensor, "n k"]:
        """Return what images of `label` are translated to, to look at the label at `place` (Choi 2018's program).

        One that is of a group is given, and the others of its group are taken; any other label is flipped.
        """
        given = self.given(label, place)
        if self.is_flipped(place):
            given[:, place] = 1 - label[:, place]
        return given

    @property
    def routes(self) -> tuple[Route, ...]:
        """One for each label that is given; and one for each that is taken, where it excludes no other."""
        found = []
        for place, name in enumerate(self.names):
            given = Route(name, label=place, label_name=name, domain=self.domain(place))
            found += [given] if self.excluded(place) else [given, replace(given, name=f"not_{name}", value=False)]
        return tuple(found)
