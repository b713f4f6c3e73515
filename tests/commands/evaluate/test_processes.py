"""Scores of one, two and three processes, with real processes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.commands.evaluate.processes import spread
from gan_zoo.errors import Mistake
from gan_zoo.metrics.fakes import CHUNK
from gan_zoo.step import randomness
from tests.drivers.scoring import CASES, work

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one, two and three processes came to, none of them with another's references."""
    folder = tmp_path_factory.mktemp("scored")
    with pytest.MonkeyPatch.context() as patch:
        for devices in (1, 2, 3):
            patch.setenv("GAN_ZOO_CACHE", str(folder / f"cache_{devices}"))
            spread(work, (str(folder), "lenet", 64), devices)
    return folder


def scores(folder: Path, world: int, rank: int = 0) -> dict[str, Any]:
    return json.loads((folder / f"scores_{world}_{rank}.json").read_text())


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_scores_do_not_depend_on_the_number_of_processes(case: str, world: int, scored: Path) -> None:
    """One process has no image at all where three share two."""
    alone, shared = scores(scored, 1)[case], scores(scored, world)[case]
    assert alone.pop("protocol") == shared.pop("protocol")
    for name, value in alone.items():
        # 1e-5 through the network (metrics.md 6): its batches are cut elsewhere, and sums of products round apart.
        assert shared[name] == pytest.approx(value, rel=1e-5), name


@pytest.mark.parametrize("world", [2, 3])
def test_all_processes_come_to_the_same(world: int, scored: Path) -> None:
    assert all(scores(scored, world, rank) == scores(scored, world) for rank in range(world))


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("case", CASES)
def test_latents_are_the_same_table_once(case: str, world: int, scored: Path) -> None:
    """To the last bit; where batch norm looks at batches the last one is made whole, and its end left out."""
    parts = [torch.load(scored / f"latents_{case}_{world}_{rank}.pt") for rank in range(world)]
    given = torch.cat([one for part in parts for one in part])
    samples, sampling = CASES[case]
    made = -(-samples // CHUNK) * CHUNK if sampling else samples
    assert torch.equal(given, randomness.rows("uniform", 0, made, 8, seed=3))


@pytest.mark.parametrize("chunk", [1, 7])
def test_scores_do_not_depend_on_the_networks_batches(chunk: int, scored: Path, tmp_path: Path) -> None:
    work((str(tmp_path), "lenet", chunk))
    for case, found in scores(tmp_path, 1).items():
        expected = scores(scored, 1)[case]
        assert found.pop("protocol") == expected.pop("protocol")
        assert_close(found, expected, rtol=1e-5, atol=0)


def test_a_mistake_in_one_process_is_one_line_of_all(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="No extractor is called lenett"):
        spread(work, (str(tmp_path), "lenett", 64), 2)
