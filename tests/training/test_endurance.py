"""A training that makes as many checkpoints, scores and grids as hours of one hold no more at the end than before."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.drivers.endurance import Note, growth

STEPS = 400
ALLOWED = {"memory": 4 << 20, "files": 0, "threads": 0, "checkpoints": 4096}
"""Pools of memory move by whole megabytes; a step's 14 kB in each of 300 steps would be seen. Checkpoints hold numbers
whose digits become more."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_files_and_disk_stay_flat(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.drivers.endurance", str(tmp_path / "x"), str(STEPS)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "GAN_ZOO_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    notes = [Note(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith('{"step"')]
    assert done.returncode == 0 and len(notes) == (STEPS - 100) // 20, done.stderr
    grown = growth(notes)
    assert {name: value for name, value in grown.items() if value > ALLOWED[name]} == {}, notes
    per_step = {(b.lines - a.lines) // 20 for a, b in pairwise(notes)}
    assert max(per_step) - min(per_step) < 20  # the same lines at each step, but for digits
