"""How runs end: by Ctrl-C, by a loss that is not a number, or in a Trainer that is not ours."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from tests.commands.conftest import TINY, Command


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_plain_trainer_with_two_devices_says_what_to_pass(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import lightning.pytorch as L\n"
        "from gan_zoo.models.gan import GAN\n"
        "from tests.drivers.tiny import Tiny\n"
        "if __name__ == '__main__':\n"
        "    trainer = L.Trainer(accelerator='cpu', devices=2, max_steps=1, logger=False, enable_checkpointing=False)\n"
        "    trainer.fit(GAN(image_shape=(1, 8, 8), width=(8,)), Tiny())\n"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ended.returncode and "need Trainer(strategy=gan_zoo.distributed.TurnTakingDDP())" in ended.stderr
    assert "2 devices with DDPStrategy" in ended.stderr


def started(arguments: list[object], folder: Path) -> subprocess.Popen[str]:
    words = [str(argument) for argument in arguments]
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-m", "gan_zoo", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_ctrl_c_saves_and_the_same_command_goes_on(tmp_path: Path) -> None:
    words = ["fit", *TINY, "--trainer.max_steps", 1500, "--trainer.log_every_n_steps", 10, "--run", "x"]
    run = Run(tmp_path / "x")
    with started(words, tmp_path) as first:
        while not (run.metrics_file.exists() and run.metrics_file.stat().st_size):
            assert first.poll() is None, first.communicate()
            time.sleep(0.005)
        first.send_signal(signal.SIGINT)
        out, err = first.communicate(timeout=60)
    assert first.returncode == 130, (out, err)
    assert "Traceback" not in err and "the same command goes on from there" in out
    assert run.record()["status"] == "interrupted" and run.record()["error"] is None
    assert run.last.exists() and run.row()["step"] < 1500
    with started(words, tmp_path) as second:
        out, err = second.communicate(timeout=120)
    assert second.returncode == 0, (out, err)
    assert run.record()["status"] == "finished"
    assert [line["step"] for line in lines(run.metrics_file)] == list(range(10, 1501, 10))


@pytest.mark.parametrize("log_every", [50, 3])
def test_a_loss_that_is_no_number_ends_the_run_and_is_kept_out_of_it(
    command: Command, tmp_path: Path, log_every: int
) -> None:
    model = ["--model", "tests.drivers.tiny.Diverging", *TINY[2:], "--checkpoints.every", 5]
    result = command("fit", *model, "--trainer.max_steps", 20, "--trainer.log_every_n_steps", log_every, "--run", "x")
    assert result.code == 1 and result.err.count("\n") == 1
    run = Run("x")
    record = run.record()
    assert record["status"] == "failed" and record["end"]
    for text in (result.err, record["error"]):
        assert "generator/non_saturating" in text and "step 7" in text
    kept = torch.load(run.last, weights_only=True)
    assert kept["global_step"] == 5
    weights = [*kept["state_dict"].values(), *load_file(run.model_file).values()]
    assert all(weight.isfinite().all() for weight in weights)
    assert [line["step"] for line in lines(run.metrics_file)] == list(range(log_every, 8, log_every))
    assert "NaN" not in (run.metrics_file.read_text() if run.metrics_file.exists() else "")
    assert not list(run.checkpoints.glob(".*"))  # nothing half-written


@pytest.mark.parametrize("words", [["data", "list"], ["--version"]])
def test_a_broken_pipe_prints_nothing(words: list[str], tmp_path: Path) -> None:
    """As after `gan-zoo data list | head -1`: there is no traceback, and the exit code is that of a broken pipe."""
    with started([*words], tmp_path) as ended:
        assert ended.stdout and ended.stderr
        ended.stdout.close()
        assert (ended.stderr.read(), ended.wait(timeout=60)) == ("", 141)
