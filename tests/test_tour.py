"""The notebook docs/tour.ipynb, of which every cell is run with few steps."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import gan_zoo
from gan_zoo.run.directory import runs
from tests.test_structure import ROOT

NOTEBOOK = ROOT / "docs" / "tour.ipynb"
STEPS = "STEPS = 1000\n"


def code() -> list[str]:
    """Return the content of each cell of code."""
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_the_notebook_is_kept_without_results() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells if "outputs" in cell)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The number of training batches")
def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    cells = code()
    assert STEPS in cells[0]
    for cell in [cells[0].replace(STEPS, "STEPS = 4\n"), *cells[1:]]:
        exec(compile(cell, str(NOTEBOOK), "exec"), names)
    gan_zoo.dashboard("runs").stop()  # the last cell has started it
    ends = [(Path(row["run"]).name, row["status"], row["step"]) for row in runs("runs/tour")]
    assert ends == [("gan", "finished", 4), ("wgan_gp", "finished", 4)]
    assert "wgan_gp" in Path("runs/tour.html").read_text()
    assert torch.equal(names["rows"][0], names["model"].sample(8, seed=0))
    picture = names["shown"](names["batch"]["target"], columns=4)
    assert isinstance(picture, Image.Image) and picture.size == (4 * 34 - 2, 2 * 34 - 2)
