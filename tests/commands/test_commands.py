"""The commands `sample`, `evaluate`, `status` and `fit` do what they promise."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from datamodules.mnist import MNIST
from gan_zoo.models.gan import GAN
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import SMALL, TINY, Command


def test_sample_writes_a_grid_or_a_folder(command: Command, run: Path, tmp_path: Path) -> None:
    assert command("sample", "x", "--count", 4, "--out", "new/x.png") == (0, "4 images in new/x.png\n", "")
    assert command("sample", "x", "--count", 3, "--first", 1, "--out", "folder").code == 0
    files = sorted((tmp_path / "folder").iterdir())
    assert [file.name for file in files] == ["000001.png", "000002.png", "000003.png"]
    grid = pixels(tmp_path / "new/x.png")
    assert grid.shape == (18, 18)
    assert np.array_equal(pixels(files[0]), grid[:8, 10:])  # image 1 is the same in both
    assert command("sample", "x/checkpoints/last.ckpt", "--count", 4, "--out", "y.png").code == 0
    assert (tmp_path / "y.png").read_bytes() == (tmp_path / "new/x.png").read_bytes()
    command("sample", "x", "--count", 4, "--seed", 1, "--out", "z.png")
    assert (tmp_path / "z.png").read_bytes() != (tmp_path / "y.png").read_bytes()


def pixels(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.array(image)


def test_evaluate_appends_a_score_once(command: Command, tmp_path: Path) -> None:
    Trainer(run=tmp_path / "m", max_steps=1, accelerator="cpu").fit(
        GAN(image_shape=(1, 28, 28), width=(8,)), MNIST(batch_size=4)
    )
    first = command("evaluate", "m", "--samples", 300)
    assert first.code == 0 and re.match(r"fd_lenet_300 \d", first.out)
    kept = list(lines(Run("m").evaluations_file))
    assert [(line["step"], line["metric"], line["protocol"]["generated"]) for line in kept] == [
        (1, "fd_lenet_300", 300)
    ]
    assert command("evaluate", "m", "--samples", 300).out == first.out
    assert list(lines(Run("m").evaluations_file)) == kept
    assert command("evaluate", "m", "--samples", 300, "--latent-seed", 1).code == 0
    assert [line["protocol"]["latent_seed"] for line in lines(Run("m").evaluations_file)] == [0, 1]


def test_status_lists_runs(command: Command, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "runs/done")
    shutil.copytree(run, tmp_path / "runs/study/dead")
    shutil.copytree(run, tmp_path / "runs/study/alive")
    for name, minutes in (("dead", 60), ("alive", 1)):
        beat = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")
        file = tmp_path / "runs/study" / name / "run.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"status": "running", "heartbeat": beat}))
    result = command("status")
    assert result.code == 0 and result.err == ""
    rows = {line.split()[0]: line.split()[1:3] for line in result.out.splitlines()}
    assert rows == {
        "run": ["status", "step"],
        "runs/done": ["finished", "4"],
        "runs/study/dead": ["stale", "4"],
        "runs/study/alive": ["running", "4"],
    }
    assert command("status", "runs/done").out.count("\n") == 2


def test_a_run_is_named_after_its_configuration_and_seed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("grids:\n  count: 1\n")
    tiny = [*TINY, "--trainer.max_steps", 1]
    assert command("fit", *tiny, "--seed", 3).code == 0
    assert command("fit", "-c", "mine.yaml", *tiny).code == 0
    mnist = ["--model.width", "[8]", "--evaluation.extractor", "null", *SMALL[6:], "--trainer.max_steps", 1]
    assert command("fit", "-c", "mnist/gan", *mnist).code == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["mine-s0", "mnist-gan-s0", "run-s3"]


def test_init_says_what_was_loaded_missing_and_left_over(command: Command, run: Path) -> None:
    fit = ["fit", *TINY, "--trainer.max_steps", 1, "--init"]
    whole = command(*fit, "x/checkpoints/last.ckpt", "--run", "a")
    assert whole.code == 0
    assert "x/checkpoints/last.ckpt: 8 tensors loaded; missing: none; left over: none" in whole.out
    assert "x/checkpoints/last.ckpt: 8 tensors loaded" in command(*fit, "x", "--run", "d").out
    generator = command(*fit, "x/model.safetensors", "--run", "b")
    assert "x/model.safetensors: 4 tensors loaded; missing: ['discriminator." in generator.out
    part = command(*fit, "x/checkpoints/last.ckpt", "--run", "c", "--model.latent_dim", 7)
    assert "7 tensors loaded; missing: ['generator.0.weight']; left over: ['generator.0.weight']" in part.out


def test_a_moving_average_starts_where_the_loaded_generator_does(command: Command, run: Path) -> None:
    fit = ["fit", *TINY, "--trainer.max_steps", 1, "--model.average_half_life", 10**9, "--run", "a"]
    result = command(*fit, "--init", "x/model.safetensors")
    assert "8 tensors loaded" in result.out
    before, after = load_file(run / "model.safetensors"), load_file(Run("a").model_file)
    for name, weight in before.items():
        torch.testing.assert_close(after[name], weight, rtol=0, atol=1e-3)  # one step of Adam


def test_the_configuration_of_a_run_repeats_it(command: Command, run: Path) -> None:
    assert command("fit", "-c", "x/config.yaml", "--run", "y").code == 0
    assert (run / "config.yaml").read_text() == Run("y").config_file.read_text()

    def kept(path: str) -> list[dict[str, Any]]:
        free = ("seconds", "images_per_second")
        return [{k: v for k, v in line.items() if k not in free} for line in lines(Run(path).metrics_file)]

    assert kept("x") == kept("y") and [line["step"] for line in kept("x")] == [2, 4]


def test_the_same_command_goes_on_and_a_longer_one_too(command: Command, run: Path) -> None:
    fit = ["fit", *TINY, "--trainer.log_every_n_steps", 2, "--run", "x", "--trainer.max_steps"]
    for steps in (4, 8):
        assert command(*fit, steps).code == 0
        assert Run("x").row()["step"] == steps
