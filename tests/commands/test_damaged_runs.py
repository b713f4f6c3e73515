"""Runs whose files were damaged or removed: what is whole is used, and nothing starts over without a word."""

import copy
import random
import shutil
from pathlib import Path

import pytest
import torch

from gan_zoo.run.directory import Run
from tests.commands.conftest import TINY, Command, Refused
from tests.run.test_hostile_files import altered

FIT = ["fit", *TINY, "--trainer.log_every_n_steps", 2, "--trainer.max_steps"]
RECORDS = [b"", b"[1]", b'{"status": "finished", "heartbeat": "yesterday"}', b"[" * 10_000, b"\xff", b'{"seed": 1e999}']


@pytest.mark.parametrize("record", RECORDS)
def test_a_run_whose_record_is_damaged_goes_on_from_its_checkpoint(record: bytes, command: Command, run: Path) -> None:
    (run / "run.json").write_bytes(record)
    result = command(*FIT, 5, "--run", "x")
    assert result.code == 0 and result.out.startswith("x/run.json") == (not record.endswith(b"1e999}")), result
    row = Run(run).row()
    assert (row["status"], row["step"]) == ("finished", 5)


@pytest.mark.parametrize("record", [None, *RECORDS])
def test_a_run_without_its_checkpoints_does_not_start_over(record: bytes | None, refused: Refused, run: Path) -> None:
    if record is not None:
        (run / "run.json").write_bytes(record)
    shutil.rmtree(run / "checkpoints")
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    assert "x holds the results of a run without its checkpoints" in refused(*FIT, 5, "--run", "x")
    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file()} == before


def test_a_run_that_ended_before_its_first_checkpoint_says_that_it_starts_again(command: Command, run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    (run / "model.safetensors").unlink()
    record = Run(run)
    kept = {name: value for name, value in record.record().items() if name != "checkpoint"}
    record.record_file.unlink()
    record.update_record(**kept | {"status": "interrupted"})
    result = command(*FIT, 4, "--run", "x")
    assert result.code == 0 and "x ended before its first checkpoint: training starts again from step 0" in result.out


def test_a_run_without_its_configuration_is_refused(refused: Refused, run: Path) -> None:
    (run / "config.yaml").unlink()
    assert "x holds a run without its config.yaml" in refused(*FIT, 5, "--run", "x")


def test_a_checkpoint_that_does_not_fit_is_named_in_one_line(command: Command, run: Path, tmp_path: Path) -> None:
    whole = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    for seed in range(12):
        place = tmp_path / str(seed)
        shutil.copytree(run, place)
        torch.save(altered(copy.deepcopy(whole), random.Random(seed)), place / "checkpoints/last.ckpt")
        result = command(*FIT, 5, "--run", place)
        assert result.code == 0 or (result.code == 2 and "last.ckpt" in result.err and result.err.count("\n") == 1)
