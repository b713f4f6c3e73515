"""Grids of models that make images of images, trained on a plain loader: which images they show."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from gan_zoo.callbacks.grids import Grids, first_images
from gan_zoo.errors import Mistake
from gan_zoo.models.pix2pix import Pix2Pix
from gan_zoo.training.trainer import Trainer

Pair = dict[str, Tensor]


def pairs(count: int = 6) -> list[Pair]:
    """Sources of one grey level each, which their number decides, and targets of noise."""
    draw = torch.Generator().manual_seed(0)
    targets = torch.randint(0, 256, (count, 3, 16, 16), dtype=torch.uint8, generator=draw)
    return [{"source": torch.full((3, 16, 16), 40 * i, dtype=torch.uint8), "target": targets[i]} for i in range(count)]


class Stream(IterableDataset[Pair]):
    def __iter__(self):
        yield from pairs()


def train(run: Path, loader: Any, **grids: Any) -> Pix2Pix:
    trainer = Trainer(
        run=run, max_steps=2, accelerator="cpu", enable_progress_bar=False, grids=Grids(every=1, count=6, **grids)
    )
    model = Pix2Pix((3, 16, 16), halvings=2, width=4, discriminator_width=4, discriminator_layers=1)
    trainer.fit(model, loader)
    return model


def levels(file: Path) -> list[int]:
    """The grey levels of the two sources that a grid of six cells, three a row, shows."""
    with Image.open(file) as image:
        pixels = np.asarray(image)
    return [int(pixels[row, 8, 0]) for row in (8, 18 + 8)]


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_plain_loader_is_drawn_from_and_at_every_time_the_same(shuffle: bool, tmp_path: Path) -> None:
    train(tmp_path / "x", DataLoader(pairs(), batch_size=2, shuffle=shuffle))  # type: ignore[arg-type]
    drawn = sorted((tmp_path / "x" / "images").iterdir())
    assert len(drawn) == 3, "at steps 0, 1 and 2"
    assert [levels(file) for file in drawn] == [[0, 40]] * 3


def test_what_is_trained_on_does_not_depend_on_the_grids(tmp_path: Path) -> None:
    """A loader that shuffles by torch's random state, with a generator of its own, and a data set that draws."""

    class Drawing(list[Pair]):
        def __getitem__(self, place: Any) -> Any:
            return {name: value + torch.randint(0, 9, ()) for name, value in super().__getitem__(place).items()}

    def weights(run: str, every: int, generator: torch.Generator | None) -> Tensor:
        torch.manual_seed(0)
        loader = DataLoader(Drawing(pairs()), batch_size=1, shuffle=True, generator=generator)  # type: ignore[arg-type]
        trainer = Trainer(run=tmp_path / run, max_steps=3, accelerator="cpu", enable_progress_bar=False)
        trainer.settings["grids"].every = every
        model = Pix2Pix((3, 16, 16), halvings=2, width=4, discriminator_width=4, discriminator_layers=1)
        trainer.fit(model, loader)
        return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])

    for name, seed in (("a", None), ("b", 5)):
        often, never = (
            weights(f"{name}{every}", every, torch.Generator().manual_seed(seed) if seed else None) for every in (1, 0)
        )
        assert torch.equal(often, never)


@pytest.mark.parametrize(
    "loader",
    [
        DataLoader(Stream(), batch_size=2),
        DataLoader([torch.utils.data.default_collate(pairs())], batch_size=None),  # type: ignore[arg-type]
        [torch.utils.data.default_collate(pairs())],
    ],
    ids=["iterable", "whole batches", "no DataLoader"],
)
def test_every_kind_of_loader_gives_the_first_images(loader: Any) -> None:
    batch = first_images(loader, 3, None)
    assert {name: len(value) for name, value in batch.items()} == {"source": 3, "target": 3}
    assert batch["source"][:, 0, 0, 0].tolist() == [0, 40, 80]


@pytest.mark.parametrize(
    ("loader", "split", "message"),
    [
        (DataLoader(pairs()), "test", "grids.split is test, and a plain loader has no splits"),  # type: ignore[arg-type]
        (DataLoader([(torch.zeros(3), 1)]), None, "batches are of type list: make each a dict"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(loader: Any, split: str | None, message: str) -> None:
    with pytest.raises(Mistake, match=message):
        first_images(loader, 3, split)
