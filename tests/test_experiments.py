"""Every experiment that is shipped runs: one step of everything, and no file is left."""

from pathlib import Path

import pytest

from gan_zoo.cli import main

FOLDER = Path(__file__).parents[1] / "experiments"
NAMES = [str(file.relative_to(FOLDER).with_suffix("")) for file in sorted(FOLDER.rglob("*.yaml"))]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("studies/")])
def test_runs_for_a_step(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main(["fit", "-c", name, "--trainer.fast_dev_run", "true"])
    assert exit.value.code == 0
    assert not list(tmp_path.iterdir())
