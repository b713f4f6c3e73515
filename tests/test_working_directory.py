"""No process that `gan-zoo` starts imports files of the working directory that have the names of libraries."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gan_zoo.run.files import lines
from tests.studies.conftest import TINY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # processes that import torch, about 40 s

TRAP = "from pathlib import Path\nPath({mark!r}).touch()\nraise ImportError('a trap')\n"
TRAPS = ("torchvision", "lightning", "theirs")
"""Libraries that every training process imports, and a package that is also on PYTHONPATH."""
PACKAGE = "from gan_zoo.models.gan import GAN\n\n\nclass Theirs(GAN):\n    pass\n"


def run_in(folder: Path, *command: str) -> None:
    """Run `command` in `folder`; it must succeed."""
    environment = os.environ | {"PYTHONPATH": str(folder.parent / "packages"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr


def set_trap(folder: Path, name: str) -> None:
    (folder / f"{name}.py").write_text(TRAP.format(mark=str(folder / "boom")))


def test_studies_devices_and_evaluate_import_nothing_from_the_working_directory(tmp_path: Path) -> None:
    here, packages = tmp_path / "here", tmp_path / "packages"
    here.mkdir()
    packages.mkdir()
    (packages / "theirs.py").write_text(PACKAGE)
    for name in TRAPS:
        set_trap(here, name)
    settings = TINY["settings"] | {"trainer.devices": 2}
    study = TINY | {"methods": {"theirs": {"model": "theirs.Theirs"}}, "matrix": {"seed": [0]}, "settings": settings}
    (here / "s.yaml").write_text(yaml.safe_dump(study))
    run_in(here, sys.executable, "-m", "gan_zoo", "study", "s.yaml")  # `python -m` searches the folder; its runs do not
    assert not (here / "boom").exists()
    run = here / "runs" / "s" / "theirs-s0"
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "finished" and record["devices"] == 2 and record["model"] == "Theirs"

    set_trap(here, "multiprocessing")  # the first import of the processes of evaluate
    words = ["--devices", "2", "--extractor", "lenet", "--samples", "20", "--allow-module", "theirs"]
    run_in(here, str(Path(sys.executable).with_name("gan-zoo")), "evaluate", str(run), *words)
    assert [line["metric"] for line in lines(run / "evaluations.jsonl")] == ["fd_lenet_20"]
    assert not (here / "boom").exists()
