"""Trainings that are stopped at seeded moments by signals or killed equal one that was never stopped: a small number.

`make stops` does the same with 300 signals and 1,000 kills.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("kind", "devices", "tries"), [("stop", 1, 12), ("stop", 2, 8), ("kill", 1, 12)])
def test_every_stop_is_in_time_and_loses_nothing(tmp_path: Path, kind: str, devices: int, tries: int) -> None:
    words = ["tests.drivers.forked_stops", str(tmp_path / "x"), kind, str(devices), str(tries), "0"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", *words], env=environment, capture_output=True, text=True)
    assert f"0 faults in {tries} tries" in done.stdout, done.stdout + done.stderr
