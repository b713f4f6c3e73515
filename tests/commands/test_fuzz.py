"""Hostile command lines and YAML, and damaged files of every kind, drawn from a seed: `make fuzz` tries them for ten
minutes.

FUZZ_SECONDS is how long to go on, FUZZ_FIRST the number of the first case: `FUZZ_FIRST=123 FUZZ_SECONDS=0` tries that
one alone.
"""

import os
from pathlib import Path

import pytest

from tests.drivers.fuzzing import Fuzzer, search

FIRST = int(os.environ.get("FUZZ_FIRST", "0"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "15"))


@pytest.mark.timeout(0)
def test_hostile_input_ends_in_one_line(tmp_path: Path) -> None:
    assert not search(Fuzzer(tmp_path), FIRST, SECONDS)
