"""Scores computed by one, two and three real processes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.commands.evaluate.processes import spread
from gan_zoo.errors import Mistake, RunFailed
from gan_zoo.metrics.fakes import CHUNK
from gan_zoo.step import randomness
from tests.drivers.scoring import CASES, score_nan, work

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the scores of one, two and three processes, each with its own cache."""
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
    """In one case three processes share two images, and one has none."""
    alone, shared = scores(scored, 1)[case], scores(scored, world)[case]
    assert alone.pop("protocol") == shared.pop("protocol")
    for name, value in alone.items():
        # 1e-5 through the network (metrics.md 6): its batches differ, and so does the rounding of sums.
        assert shared[name] == pytest.approx(value, rel=1e-5), name


@pytest.mark.parametrize("world", [2, 3])
def test_all_processes_return_the_same_scores(world: int, scored: Path) -> None:
    assert all(scores(scored, world, rank) == scores(scored, world) for rank in range(world))


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("case", CASES)
def test_the_latents_of_all_processes_are_one_table(case: str, world: int, scored: Path) -> None:
    """They are equal to the last bit. If batch norm uses the batch, the last batch is filled up and then cut."""
    parts = [torch.load(scored / f"latents_{case}_{world}_{rank}.pt") for rank in range(world)]
    latents = torch.cat([chunk for part in parts for chunk in part])
    samples, sampling = CASES[case]
    drawn = -(-samples // CHUNK) * CHUNK if sampling else samples
    assert torch.equal(latents, randomness.rows("uniform", 0, drawn, 8, seed=3))


@pytest.mark.parametrize("chunk", [1, 7])
def test_scores_do_not_depend_on_the_networks_batches(chunk: int, scored: Path, tmp_path: Path) -> None:
    work((str(tmp_path), "lenet", chunk))
    for case, result in scores(tmp_path, 1).items():
        expected = scores(scored, 1)[case]
        assert result.pop("protocol") == expected.pop("protocol")
        assert_close(result, expected, rtol=1e-5, atol=0)


def test_a_mistake_in_a_process_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="No extractor is called lenett"):
        spread(work, (str(tmp_path), "lenett", 64), 2)


def test_all_processes_refuse_images_that_are_not_finite_in_one_of_them(tmp_path: Path) -> None:
    """Otherwise a run that trains on two GPUs would go back to its checkpoint on one, and wait on the other."""
    with pytest.raises(RunFailed, match="LastIsNaN generated NaN or infinite values in 1 of 10 images"):
        spread(score_nan, str(tmp_path), 2)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["error_0", "error_1"]
