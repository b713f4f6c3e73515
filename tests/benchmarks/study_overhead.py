"""Measures the time that a study adds to its runs: `python -m tests.benchmarks.study_overhead`. Bar: 1 s per run.

It compares 40 cells whose runs do nothing with the same 40 processes started one by one. Tests check that each cell
runs once. The time depends on the machine and its other work.
"""

import contextlib
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from gan_zoo.commands import study as command
from gan_zoo.studies import local, reading
from gan_zoo.studies.board import Board
from gan_zoo.studies.expand import expand

BAR = 1.0  # seconds a run
CELLS = 40
TRIVIAL = [sys.executable, "-c", "pass"]


def main() -> None:
    begun = time.perf_counter()
    for _ in range(CELLS):
        subprocess.run(TRIVIAL, check=True)
    alone = (time.perf_counter() - begun) / CELLS
    content = {
        "base": "mnist/gan",
        "methods": {"gan": {}},
        "matrix": {"seed": list(range(CELLS))},
        "budget": {"steps": 1},
        "resources": {"cores": local.cores()},  # one at a time
    }
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        begun = time.perf_counter()
        file = Path(folder) / "s.yaml"
        file.write_text(yaml.safe_dump(content))
        study = reading.read(file)
        board = Board(study, expand(study), Path(folder) / "runs")
        command.run(board, list(board.entries), local.Local, lambda config, run: TRIVIAL)
        overhead = (time.perf_counter() - begun) / CELLS - alone
    assert {entry["status"] for entry in board.entries.values()} == {"finished"}
    print(f"{CELLS} cells one at a time: {overhead:.3f} s a run beyond its process of {alone:.3f} s")
    if overhead >= BAR:
        sys.exit(f"The bar is {BAR} s.")


if __name__ == "__main__":
    main()
