"""Hostile command lines and YAML files, drawn from a seed: `make fuzz` tries them for ten minutes.

FUZZ_SECONDS is how long to go on, FUZZ_FIRST the number of the first case: `FUZZ_FIRST=123 FUZZ_SECONDS=0` tries that
one alone.
"""

import os
import time
from pathlib import Path

import pytest

from tests.drivers.fuzzing import Fuzzer

FIRST = int(os.environ.get("FUZZ_FIRST", "0"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "15"))


@pytest.mark.timeout(0)
def test_hostile_input_ends_in_one_line(tmp_path: Path, trained: Path) -> None:
    fuzzer = Fuzzer(tmp_path, trained)
    end, number = time.monotonic() + SECONDS, FIRST
    broken: dict[str, str] = {}
    while True:
        if found := fuzzer.run(number):
            broken.setdefault(found.rule, found.case)
        number += 1
        if time.monotonic() > end:
            break
    print(f"{number - FIRST} cases")
    assert not broken, "\n\n".join(f"=== {rule}\n{case}" for rule, case in broken.items())
