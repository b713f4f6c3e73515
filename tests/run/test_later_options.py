"""Runs that were made before an option existed go on, also where a data module holds others."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from gan_zoo.errors import Mistake
from gan_zoo.run import Run
from gan_zoo.run.config import refuse_another


def faces(**options: Any) -> dict[str, Any]:
    return {"class_path": "datamodules.celeba.CelebA", "init_args": {"resolution": 32, **options}}


def configuration(*sets: dict[str, Any], **model: Any) -> dict[str, Any]:
    inside = {"a": sets[0], "sets": list(sets)}
    return {
        "model": {"class_path": "Model", "init_args": model},
        "data": {"class_path": "Several", "init_args": inside},
    }


@pytest.fixture
def old(tmp_path: Path) -> Run:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(configuration(faces(), faces())))
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n')
    return Run(tmp_path)


def test_an_old_run_goes_on_with_the_values_that_it_had(old: Run):
    new = faces(limit=0, centre=(89, 109))
    refuse_another(old, configuration(new, new, augment="none", augment_probability="adaptive"))


@pytest.mark.parametrize(("place", "name"), [(0, "limit 0 there, 5 here"), (1, "data.sets")])
def test_an_old_run_does_not_go_on_with_others(old: Run, place: int, name: str):
    sets = [faces(limit=0), faces(limit=0)]
    sets[place] = faces(limit=5)
    with pytest.raises(Mistake, match=name):
        refuse_another(old, configuration(*sets))
