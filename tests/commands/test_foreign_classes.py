"""A class of Lightning that refuses the arguments of a configuration is reported in one line."""

from pathlib import Path

import pytest

from tests.commands.conftest import TINY, Refused

CALLBACK = "trainer:\n  callbacks:\n  - class_path: lightning.pytorch.callbacks."
LOGGER = "trainer:\n  logger:\n  - class_path: lightning.pytorch.loggers."
CASES = {
    "a value it refuses": (f"{CALLBACK}EarlyStopping\n    init_args: {{monitor: x, mode: bad}}\n", "min, max, got bad"),
    "a type error": (f"{CALLBACK}GradientAccumulationScheduler\n    init_args: {{scheduling: {{}}}}\n", "Empty dict"),
    "no such class": (f"{CALLBACK}Nothing\n", "has no attribute 'Nothing'"),
    "a package that is not there": (f"{LOGGER}CometLogger\n", "lightning.pytorch.loggers.CometLogger"),
    "no callback": ("trainer:\n  callbacks: [abc]\n", "is no Callback"),
}


@pytest.mark.parametrize("case", CASES)
def test_is_one_line(refused: Refused, tmp_path: Path, case: str) -> None:
    content, part = CASES[case]
    (tmp_path / "c.yaml").write_text(content)
    assert part in refused("fit", "-c", "c.yaml", *TINY, "--trainer.max_steps", 1, "--run", "r")
