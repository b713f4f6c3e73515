"""The command line: a mistake of the user's is one line and exit code 2, and what is right does what it says."""

import gzip
import inspect
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file

from datamodules.mnist import BUNDLED, MNIST
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.cli import main
from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.run import Run, lines
from gan_zoo.training import Trainer

SMALL = ["--model.architecture", "mlp", "--model.width", "[8]", "--data", "tests.drivers.tiny.Tiny"]
SMALL += ["--trainer.accelerator", "cpu"]
TINY = ["--model", "GAN", *SMALL, "--evaluation.extractor", "null"]
"""A run of milliseconds; what is added after it counts."""
LONGEST = 300  # characters of a line; a path in it may be long


class Said(NamedTuple):
    """What a command left behind."""

    code: Any
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`gan-zoo` in this process and an empty folder: `command("status", "runs").code`."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(end.value.code, said.out, said.err)

    return call


@pytest.fixture
def refused(command: Command) -> Callable[..., str]:
    """The one line that `gan-zoo` says to these arguments, without `gan-zoo: `."""

    def call(*arguments: object) -> str:
        said = command(*arguments)
        assert said.code == 2, said
        assert said.err.startswith("gan-zoo: ") and said.err.count("\n") == 1, said.err
        assert len(said.err) < LONGEST
        assert not re.search(r"Traceback|Union subtypes|<class|typing\.|NestedArg|\bNoneType", said.err)
        return said.err.removeprefix("gan-zoo: ").rstrip("\n")

    return call


Refused = Callable[..., str]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 4 steps with its folder, to be copied before it is changed."""
    path = tmp_path_factory.mktemp("trained") / "x"
    with pytest.raises(SystemExit) as end:
        main(["fit", *TINY, "--trainer.max_steps", "4", "--trainer.log_every_n_steps", "2", "--run", str(path)])
    assert end.value.code == 0
    return path


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the finished run: `x`, in the folder that the commands run in."""
    return shutil.copytree(trained, tmp_path / "x")


# --- Words -----------------------------------------------------------------------------------------------------------

WORDS = [
    # (arguments, what the line says of them)
    ("ft", "No command is called ft (did you mean fit?)"),
    ("--versoin", "did you mean --version?"),
    ("fit", "needs a model and data: name an experiment, as in -c mnist/wgan_gp"),
    ("fit --model GAN", "needs a model and data"),
    ("fit --data MNIST", "needs a model and data"),
    ("fit TINY --trainer.max_step 3", "no option --trainer.max_step (did you mean --trainer.max_steps?)"),
    ("fit TINY --trainer.max_step=3", "did you mean --trainer.max_steps?"),
    ("fit TINY --traner.max_steps 3", "did you mean --trainer.max_steps?"),
    ("fit TINY --see 3", "did you mean --seed?"),
    ("fit TINY --model.n_crit 3", "GAN has no model.n_crit (did you mean n_critic?)"),
    ("fit TINY --model.penalty_weight 3", "GAN has no model.penalty_weight"),
    ("fit TINY --evaluation.sampels 3", "did you mean --evaluation.samples?"),
    ("fit --model GAN --data MNIST --data.rot x", "MNIST has no data.rot (did you mean root?)"),
    ("fit mnist/wgan_gp", "mnist/wgan_gp follows no option: an experiment is named as in -c mnist/wgan_gp"),
    ("fit TINY --model.n_critic four", "model.n_critic is four: it takes a whole number"),
    ("fit TINY --model.learning_rate quick", "model.learning_rate is quick: it takes a number"),
    ("fit TINY --model.width [a]", "model.width is a: it takes a whole number"),
    ("fit TINY --model.betas [0.5,0.6,0.7]", "model.betas is [0.5, 0.6, 0.7]: it takes a list of 2 values"),
    ("fit TINY --trainer.max_steps many", "trainer.max_steps is many: it takes a whole number"),
    ("fit TINY --trainer.max_steps 1.5", "trainer.max_steps is 1.5: it takes a whole number"),
    ("fit TINY --trainer.log_every_n_steps x", "trainer.log_every_n_steps is x: it takes a whole number"),
    ("fit TINY --trainer.detect_anomaly maybe", "trainer.detect_anomaly is maybe: it takes true or false"),
    ("fit TINY --evaluation.metrics fd", "evaluation.metrics is fd: it takes a list"),
    ("fit TINY --seed x", "seed is x: it takes a whole number"),
    ("fit TINY --model.latent_law gaussian", "model.latent_law is gaussian: it takes one of normal, uniform, sphere"),
    ("fit TINY --model.latent_law spere", "did you mean sphere?"),
    ("fit TINY --trainer.precision bf16mixed", "(did you mean bf16-mixed?)"),
    ("fit TINY --grids 3", "grids is a group of options: write --grids.NAME VALUE"),
    ("fit --model WGANPG --data MNIST", "No model is called WGANPG (did you mean WGANGP?)"),
    ("fit --model wgangp --data MNIST", "did you mean WGANGP?"),
    ("fit --model GAN --data MNITS", "No data is called MNITS (did you mean MNIST?)"),
    ("fit TINY --model.help WGANPG", "did you mean WGANGP?"),
    ("fit --model no.such.Model --data MNIST", "no.such.Model cannot be imported: No module named 'no'"),
    ("fit --model gan_zoo.models.gan.GANN --data MNIST", "gan_zoo.models.gan.GANN"),
    ("fit --model datamodules.mnist.MNIST --data MNIST", "datamodules.mnist.MNIST is no GenerativeModule"),
    ("fit --model AdversarialModule --data MNIST", "AdversarialModule is what models derive from"),
    ("fit --model GAN --data LightningDataModule", "LightningDataModule has no image_shape"),
    ("fit TINY --model.architecture mpl", "called mpl (did you mean mlp?)"),
    ("fit TINY --model.discriminator_architecture mpl", "discriminator_architecture is called mpl"),
    ("fit TINY --model.architecture no.such:function", "no.such:function cannot be imported: No module named 'no'"),
    ("fit TINY --model.architecture os:nothing", "os:nothing cannot be imported"),
    ("fit TINY --model.architecture os:sep", "os:sep is a str"),
    ("fit TINY --evaluation.extractor lenett", "No extractor is called lenett (did you mean lenet?)"),
    ("fit TINY --evaluation.extractor no.such:function", "cannot be imported"),
    ("fit -c mnist/wgan_pg", "no experiment mnist/wgan_pg (did you mean mnist/wgan_gp?)"),
    ("fit --config=mnist/wgan_pg", "did you mean mnist/wgan_gp?"),
    ("fit -c no/such/file.yaml", "no file and no experiment no/such/file.yaml"),
    ("fit TINY -c", "-c takes a path or the name of an experiment after it"),
    ("fit -c --seed 3", "-c takes a path or the name of an experiment after it"),
    ("fit TINY --seed", "--seed needs a value after it"),
    ("fit TINY --model.n_critic", "--model.n_critic needs a value after it"),
    ("fit TINY --model.n_critic --seed 3", "--model.n_critic needs a value after it"),
    (
        "fit --model.n_critic 3 TINY",
        "comes before it is said which model: put -c or --model NAME first",
    ),
    # values out of range
    ("fit TINY --model.n_critic 0", "model.n_critic is 0: it must be at least 1"),
    ("fit TINY --model.latent_dim 0", "model.latent_dim is 0"),
    ("fit TINY --model.width [8,0]", "model.width is (8, 0)"),
    ("fit TINY --model.learning_rate -1", "model.learning_rate is -1.0: it must be above 0"),
    ("fit TINY --model.learning_rate .nan", "model.learning_rate is nan: it must be above 0"),
    ("fit TINY --model.betas [0.5,1]", "model.betas is (0.5, 1.0): it must be at least 0 and below 1"),
    ("fit TINY --model.average_half_life -1", "model.average_half_life is -1"),
    ("fit --model WGANGP SMALL --model.penalty_weight -1", "model.penalty_weight is -1.0"),
    ("fit TINY --data.batch_size 0", "data.batch_size is 0"),
    ("fit TINY --grids.count 0", "grids.count is 0: it must be at least 1"),
    ("fit TINY --grids.every -1", "grids.every is -1"),
    ("fit TINY --evaluation.samples 1", "evaluation.samples is 1: it must be at least 2"),
    ("fit TINY --evaluation.metrics []", "evaluation.metrics is empty"),
    ("fit TINY --checkpoints.every -1", "checkpoints.every is -1"),
    ("fit TINY --seed -1", "--seed is -1: it must be at least 0"),
    ("fit TINY --max_images -1", "max_images is -1"),
    # what Lightning would refuse, or take without a word
    ("fit TINY --trainer.max_steps -2", "max_steps"),
    ("fit TINY --trainer.accelerator quantum", "accelerator='quantum'"),
    ("fit TINY --trainer.devices many", "devices"),
    ("fit TINY --trainer.strategy ddpp", "strategy='ddpp'"),
    ("fit TINY --trainer.profiler quick", "profiler"),
    ("fit TINY --trainer.precision 16-mixed", "use bf16-mixed or 32-true"),
    ("fit TINY --trainer.gradient_clip_val 1", "trainer.gradient_clip_val is 1"),
    ("fit TINY --trainer.accumulate_grad_batches 2", "trainer.accumulate_grad_batches is 2"),
    ("fit TINY --trainer.log_every_n_steps -1", "trainer.log_every_n_steps is -1"),
    ("fit TINY --trainer.log_every_n_steps 0", "trainer.log_every_n_steps is 0"),
    ("fit TINY --trainer.sync_batchnorm true", "batch norm on GPUs only"),
    # the other commands
    ("sample x --coun 4 --out x.png", "gan-zoo sample has no option --coun (did you mean --count?)"),
    ("sample x --cuont=4 --out x.png", "did you mean --count?"),
    ("sample x --ou x.png", "did you mean --out?"),
    ("sample x", "required: --out"),
    ("sample x y --out x.png", "does not know what y is for"),
    ("sample x --count many --out x.png", "invalid int value: 'many'"),
    ("sample x --count", "--count: expected one argument"),
    ("sample x --count 0 --out x.png", "--count is 0: it must be at least 1"),
    ("sample x --first -1 --out x.png", "--first is -1"),
    ("sample x --out x.jpg", "--out x.jpg: a grid is written as PNG"),
    ("sample nowhere --out x.png", "There is no nowhere"),
    ("evaluate x --sample 4", "gan-zoo evaluate has no option --sample (did you mean --samples?)"),
    ("evaluate", "required: run"),
    ("evaluate nowhere", "nowhere is not a run's directory"),
    ("status --rnus", "gan-zoo status has no option --rnus"),
    ("status", "There is no folder runs"),
    ("status nowhere", "There is no folder nowhere"),
    ("status .", "There is no run in ."),
]


def spelt_out(arguments: str) -> list[str]:
    groups = {"TINY": [*TINY, "--trainer.max_steps", "1", "--run", "r"], "SMALL": SMALL}
    return [word for one in arguments.split() for word in groups.get(one, [one])]


@pytest.mark.parametrize(("arguments", "part"), WORDS, ids=[arguments for arguments, _ in WORDS])
def test_a_wrong_word_is_one_line(refused: Refused, arguments: str, part: str) -> None:
    assert part in refused(*spelt_out(arguments))


FILES = {
    "unknown key": ("modle:\n  class_path: GAN\n", "The configuration has no modle (did you mean model?)"),
    "unknown key of the model": ("model:\n  class_path: GAN\n  init_args:\n    widht: 3\n", "did you mean width?"),
    "unknown key beside class_path": ("model:\n  clas_path: GAN\n", "did you mean class_path?"),
    "unknown key of the trainer": ("trainer:\n  max_step: 3\n", "trainer.max_step (did you mean max_steps?)"),
    "unknown key of a callback": ("evaluation:\n  sampels: 3\n", "evaluation.sampels (did you mean samples?)"),
    "unknown model": ("model:\n  class_path: WGANPG\n", "did you mean WGANGP?"),
    "wrong type": ("seed: abc\n", "seed is abc: it takes a whole number"),
    "wrong type of the model": ("model:\n  class_path: GAN\n  init_args:\n    n_critic: x\n", "model.n_critic is x"),
    "a group that is a number": ("trainer: 3\n", "trainer is 3, and should hold options by name"),
    "a model that is a number": ("model: 3\n", "model is 3, and should hold options by name"),
    "not YAML": ("a: [1,2\nb: {\n", "is not YAML"),
    "a list": ("- 1\n- 2\n", "bad.yaml holds [1, 2]: a configuration is a mapping"),
    "text": ("just text\n", "holds 'just text'"),
    "empty": ("", "holds None"),
    "another image size": (
        "model:\n  class_path: GAN\n  init_args:\n    image_shape: [1, 9, 9]\n",
        "model.image_shape is (1, 9, 9) in the configuration and (1, 8, 8) in the data",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file_is_one_line(refused: Refused, tmp_path: Path, name: str) -> None:
    content, part = FILES[name]
    (tmp_path / "bad.yaml").write_text(content)
    names_model = content.startswith("model:\n  class_path: GAN")
    words = [*(TINY[2:] if names_model else TINY), "--trainer.max_steps", 1]
    assert part in refused("fit", "-c", "bad.yaml", *words)


def test_a_file_that_is_no_text_is_one_line(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00\x01")
    assert "bad.yaml is not YAML" in refused("fit", "-c", "bad.yaml")


@pytest.mark.parametrize("kind", ["value", "type", "runtime"])
def test_a_bug_in_a_model_is_no_mistake_of_the_user(command: Command, kind: str) -> None:
    with pytest.raises((ValueError, TypeError, RuntimeError), match=r"^a bug in the model$") as bug:
        main(["fit", "--model", "tests.drivers.tiny.Unfinished", "--model.kind", kind, *SMALL[4:]])
    assert not isinstance(bug.value, Mistake)


def test_a_bug_in_a_loss_is_no_mistake_of_the_user(command: Command) -> None:
    with pytest.raises(ValueError, match=r"^a bug in the loss$") as bug:
        main(["fit", "--model", "tests.drivers.tiny.Crashing", *SMALL, "--run", "x"])
    assert not isinstance(bug.value, Mistake)
    assert Run("x").record()["status"] == "failed"


# --- Data ------------------------------------------------------------------------------------------------------------


def test_missing_data_says_which_files_to_put_where(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", fail)
    said = refused("fit", "--model", "GAN", "--data", "MNIST", "--data.root", "nowhere")
    assert "put train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz into nowhere/MNIST/raw" in said


@pytest.mark.parametrize("kept", [0, 2, 100, 5000])
def test_a_truncated_file_is_named(refused: Refused, tmp_path: Path, kept: int) -> None:
    raw = tmp_path / "cut/MNIST/raw"
    shutil.copytree(BUNDLED, raw)
    file = raw / "t10k-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:kept])
    mnist = ["--data", "MNIST", "--data.split", "test", "--data.root", "cut"]
    assert "cut/MNIST/raw/t10k-images-idx3-ubyte.gz is " in refused("fit", *TINY[:6], *mnist)


def test_a_file_of_too_few_images_is_named(refused: Refused, tmp_path: Path) -> None:
    raw = tmp_path / "few/MNIST/raw"
    shutil.copytree(BUNDLED, raw)
    header = b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in (2, 28, 28))
    (raw / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + bytes(2 * 28 * 28)))
    mnist = ["--data", "MNIST", "--data.split", "test", "--data.root", "few"]
    assert "holds 2 entries where MNIST has 10000" in refused("fit", *TINY[:6], *mnist)


def test_images_of_a_wrong_size_are_refused(refused: Refused) -> None:
    small = [*SMALL[4:], "--trainer.max_steps", 1]
    assert "the data's are 30 x 30" in refused("fit", "--model", "WGANGP", *small, "--data.size", 30)
    assert "lenet scores grey digits of 28 x 28" in refused("fit", *TINY, "--evaluation.extractor", "lenet")


def test_a_batch_may_be_as_large_as_the_data_and_no_larger(command: Command, refused: Refused) -> None:
    assert command("fit", *TINY, "--trainer.max_steps", 2, "--data.batch_size", 48, "--run", "x").code == 0
    said = refused("fit", *TINY, "--trainer.max_steps", 2, "--data.batch_size", 49, "--run", "y")
    assert "A batch of 49" in said and "48 images" in said and "data.batch_size" in said


# --- Run directories -------------------------------------------------------------------------------------------------


def test_a_run_below_a_file_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file/x cannot be written: Not a directory" in refused("fit", *TINY, "--run", "file/x")
    assert "file cannot be written" in refused("fit", *TINY, "--run", "file")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nobody, root included, can write."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a read-only disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_read_only_disk_is_refused(refused: Refused, read_only: Path, run: Path) -> None:
    assert "disk/x cannot be written: Read-only file system" in refused("fit", *TINY, "--run", "disk/x")
    assert "disk/x.png cannot be written: Read-only file system" in refused("sample", "x", "--out", "disk/x.png")
    assert "disk/x cannot be written: Read-only file system" in refused("sample", "x", "--out", "disk/x")


def test_a_place_below_a_file_cannot_be_sampled_to(refused: Refused, run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file/x.png cannot be written" in refused("sample", "x", "--out", "file/x.png")
    assert "file cannot be written" in refused("sample", "x", "--out", "file")


def test_a_directory_in_use_is_refused(refused: Refused, tmp_path: Path) -> None:
    hold = "from gan_zoo.run import Run; x = Run('x'); x.create(); print('held', flush=True); input()"
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", hold], cwd=tmp_path, **pipes) as other:
        assert other.stdout and other.stdout.readline() == "held\n"
        assert "Another process is training in x" in refused("fit", *TINY, "--trainer.max_steps", 1, "--run", "x")
        other.communicate("\n")


def test_another_configuration_is_refused_with_the_keys_that_differ(refused: Refused, run: Path) -> None:
    before = (run / "config.yaml").read_text()
    same = [*TINY, "--trainer.log_every_n_steps", 2, "--trainer.max_steps", 6, "--run", "x"]
    said = refused("fit", *same, "--model.n_critic", 2, "--seed", 3)
    assert "x holds a run of another configuration" in said
    assert "model.n_critic 1 there, 2 here" in said and "seed 0 there, 3 here" in said
    assert "data.size None there" not in said and "max_steps" not in said
    assert (run / "config.yaml").read_text() == before


def test_a_shorter_run_is_refused(refused: Refused, run: Path) -> None:
    said = refused("fit", *TINY, "--trainer.log_every_n_steps", 2, "--trainer.max_steps", 3, "--run", "x")
    assert "x is at step 4 already: trainer.max_steps 3 would shorten it" in said


def test_a_mistake_at_the_first_try_does_not_bind_the_directory(command: Command, refused: Refused) -> None:
    refused("fit", *TINY, "--evaluation.extractor", "lenett", "--trainer.max_steps", 2, "--run", "x")
    assert Run("x").record()["status"] == "failed" and "lenett" in Run("x").record()["error"]
    assert command("fit", *TINY, "--trainer.max_steps", 2, "--run", "x").code == 0


def test_init_of_a_file_that_cannot_serve_is_refused(refused: Refused, tmp_path: Path) -> None:
    save_file({"other": torch.zeros(3)}, tmp_path / "other.safetensors")
    torch.save({"state_dict": {"other": torch.zeros(3)}}, tmp_path / "other.ckpt")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0")
    (tmp_path / "cut.ckpt").write_bytes(b"PK\x03\x04")
    fit = ["fit", *TINY, "--trainer.max_steps", 1, "--run", "r", "--init"]
    assert "There is no file no.ckpt to start from" in refused(*fit, "no.ckpt")
    for name in ("other.safetensors", "other.ckpt"):
        assert f"Nothing in {name} fits GAN" in refused(*fit, name)
    assert "cut.safetensors is not a whole safetensors file" in refused(*fit, "cut.safetensors")
    assert "cut.ckpt is not a checkpoint that can be read safely" in refused(*fit, "cut.ckpt")


class Bomb:
    """A pickle of it makes a file when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_is_never_executed(refused: Refused, tmp_path: Path) -> None:
    torch.save({"state_dict": Bomb(tmp_path / "boom"), "gan_zoo": {}}, tmp_path / "bomb.ckpt")
    said = "bomb.ckpt is not a checkpoint that can be read safely"
    assert said in refused("sample", "bomb.ckpt", "--out", "x.png")
    assert said in refused("fit", *TINY, "--run", "r", "--init", "bomb.ckpt")
    assert not (tmp_path / "boom").exists()


def test_a_header_names_models_only(refused: Refused, tmp_path: Path) -> None:
    header = {"model": "os.mkdir", "hyperparameters": {"path": "boom"}}
    save_file({"weight": torch.zeros(1)}, tmp_path / "bad.safetensors", {"gan_zoo": json.dumps(header)})
    assert "os.mkdir is no GenerativeModule" in refused("sample", "bad.safetensors", "--out", "x.png")
    assert not (tmp_path / "boom").exists()


def test_damaged_and_foreign_files_are_refused(refused: Refused, run: Path, tmp_path: Path) -> None:
    whole = (run / "model.safetensors").read_bytes()
    for kept in (0, 5, 100, len(whole) - 4):
        (run / "model.safetensors").write_bytes(whole[:kept])
        assert "model.safetensors is not a whole safetensors file" in refused("sample", "x", "--out", "x.png")
    save_file({"weight": torch.zeros(1)}, run / "model.safetensors")
    assert "holds no model of ours" in refused("sample", "x", "--out", "x.png")
    (run / "model.safetensors").unlink()
    assert "There is no x/model.safetensors" in refused("sample", "x", "--out", "x.png")
    torch.save({"state_dict": {}}, tmp_path / "foreign.ckpt")
    assert "not of a model of ours" in refused("sample", "foreign.ckpt", "--out", "x.png")
    torch.save([1, 2], tmp_path / "list.ckpt")
    assert "it has no state_dict" in refused("sample", "list.ckpt", "--out", "x.png")


def test_scores_that_cannot_be_made_are_refused(refused: Refused, run: Path) -> None:
    small = ("evaluate", "x", "--samples")
    assert "lenet scores grey digits" in refused(*small, 4)
    assert "did you mean lenet?" in refused(*small, 4, "--extractor", "lenett")
    assert "--samples is 1: it must be at least 2" in refused(*small, 1)
    config = yaml.safe_load((run / "config.yaml").read_text())
    (run / "config.yaml").write_text(yaml.safe_dump(config | {"data": None}))
    assert "was trained from a loader" in refused(*small, 4)
    (run / "config.yaml").write_text("a: [")
    assert "x/config.yaml is not YAML" in refused(*small, 4)


def test_unknown_metrics_are_refused(refused: Refused, tmp_path: Path) -> None:
    Trainer(run=tmp_path / "m", max_steps=1, accelerator="cpu").fit(
        GAN(image_shape=(1, 28, 28), width=(8,)), MNIST(batch_size=4)
    )
    assert "No metric is called fdd (did you mean fd?)" in refused("evaluate", "m", "--metrics", "fdd")


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
    root = Path(__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ended.returncode and "need Trainer(strategy=gan_zoo.strategy.TurnTakingDDP())" in ended.stderr
    assert "2 devices with DDPStrategy" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"precision": "16-mixed"}, "use bf16-mixed"),
        ({"precision": 16}, "use bf16-mixed"),
        ({"gradient_clip_val": 0.5}, "Leave it out"),
        ({"accumulate_grad_batches": 4}, "Leave it out"),
        ({"max_step": 3}, "max_step"),
    ],
)
def test_our_trainer_refuses_early(arguments: dict[str, Any], part: str) -> None:
    with pytest.raises(Mistake, match=part):
        Trainer(**arguments)


# --- Ends that are not the user's mistakes ---------------------------------------------------------------------------


def started(arguments: list[object], folder: Path) -> subprocess.Popen[str]:
    words = [str(argument) for argument in arguments]
    root = str(Path(__file__).parents[1])
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
    said = command("fit", *model, "--trainer.max_steps", 20, "--trainer.log_every_n_steps", log_every, "--run", "x")
    assert said.code == 1 and said.err.count("\n") == 1
    run = Run("x")
    record = run.record()
    assert record["status"] == "failed" and record["end"]
    for text in (said.err, record["error"]):
        assert "generator/non_saturating" in text and "step 7" in text
    kept = torch.load(run.last, weights_only=True)
    assert kept["global_step"] == 5
    weights = [*kept["state_dict"].values(), *load_file(run.model_file).values()]
    assert all(weight.isfinite().all() for weight in weights)
    assert [line["step"] for line in lines(run.metrics_file)] == list(range(log_every, 8, log_every))
    assert "NaN" not in (run.metrics_file.read_text() if run.metrics_file.exists() else "")
    assert not list(run.checkpoints.glob(".*"))  # nothing half-written


# --- What is right ---------------------------------------------------------------------------------------------------


def test_help_lists_the_commands(command: Command) -> None:
    for words in ((), ("--help",), ("-h",)):
        said = command(*words)
        assert said.code == 0 and all(f"  {name} " in said.out for name in ("fit", "sample", "evaluate", "status"))
    assert command("--version").out.startswith("gan-zoo 0.")


@pytest.mark.parametrize("name", ["sample", "evaluate", "status"])
def test_help_of_a_command_explains_each_option(command: Command, name: str) -> None:
    said = command(name, "--help")
    assert said.code == 0 and said.err == ""
    options = dict(described(said.out))
    assert options and all(options.values()), options


def described(text: str) -> Iterator[tuple[str, str]]:
    """(option, what its help says but for type and default) for each option in what `--help` prints."""
    for block in re.split(r"\n(?=  -)", text)[1:]:
        block = re.split(r"\n(?! {6})", block)[0]  # up to the next heading
        head, _, rest = re.sub(r"\n +", "  ", block.strip()).partition("  ")
        yield head.split(" ")[0].split(",")[0].split("=")[0], re.sub(r"\((required|type|default)\b.*", "", rest).strip()


OWNERS = [
    ("--model.help=GAN", "model", GAN),
    ("--model.help=WGANGP", "model", WGANGP),
    ("--data.help=MNIST", "data", MNIST),
    ("--help", "grids", Grids),
    ("--help", "evaluation", Evaluation),
    ("--help", "checkpoints", Checkpoints),
]


@pytest.mark.parametrize(("words", "key", "owner"), OWNERS, ids=[owner.__name__ for _, _, owner in OWNERS])
def test_help_of_fit_explains_each_argument(command: Command, words: str, key: str, owner: type) -> None:
    said = command("fit", words)
    assert said.code == 0
    explained = dict(described(said.out))
    for name in inspect.signature(owner).parameters:
        assert re.search(r"[a-z]{3}", explained[f"--{key}.{name}"]), name


@pytest.mark.parametrize("name", ["run", "seed", "max_images", "init"])
def test_help_of_fit_explains_our_own_options(command: Command, name: str) -> None:
    assert re.search(r"[a-z]{3}", dict(described(command("fit", "--help").out))[f"--{name}"])


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
    assert command("evaluate", "m", "--samples", 300, "--seed", 1).code == 0
    assert [line["protocol"]["latent_seed"] for line in lines(Run("m").evaluations_file)] == [0, 1]


def test_status_lists_runs(command: Command, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "runs/done")
    shutil.copytree(run, tmp_path / "runs/study/dead")
    shutil.copytree(run, tmp_path / "runs/study/alive")
    for name, minutes in (("dead", 60), ("alive", 1)):
        beat = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")
        file = tmp_path / "runs/study" / name / "run.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"status": "running", "heartbeat": beat}))
    said = command("status")
    assert said.code == 0 and said.err == ""
    rows = {line.split()[0]: line.split()[1:3] for line in said.out.splitlines()}
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
    generator = command(*fit, "x/model.safetensors", "--run", "b")
    assert "x/model.safetensors: 4 tensors loaded; missing: ['discriminator." in generator.out
    part = command(*fit, "x/checkpoints/last.ckpt", "--run", "c", "--model.latent_dim", 7)
    assert "7 tensors loaded; missing: ['generator.0.weight']; left over: ['generator.0.weight']" in part.out


def test_a_moving_average_starts_where_the_loaded_generator_does(command: Command, run: Path) -> None:
    fit = ["fit", *TINY, "--trainer.max_steps", 1, "--model.average_half_life", 10**9, "--run", "a"]
    said = command(*fit, "--init", "x/model.safetensors")
    assert "8 tensors loaded" in said.out
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


# --- Anything at all -------------------------------------------------------------------------------------------------


def misspelt(word: str, draw: random.Random) -> str:
    """`word` with a letter lost, doubled, replaced or swapped, after its first dot."""
    start = word.find(".") + 1 or 2
    at = draw.randrange(start, len(word))
    letter = draw.choice("abcdefghijklmnopqrstuvwxyz")
    match draw.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at] + word[at:]
        case 2:
            return word[:at] + letter + word[at + 1 :]
        case _:
            return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


@pytest.mark.slow
def test_two_hundred_bad_command_lines(command: Command, refused: Refused) -> None:
    """Each is a good one with one thing wrong, drawn from the real options."""
    draw = random.Random(0)
    text = command("fit", "--help").out + command("fit", "--model.help=GAN").out
    types = dict(re.findall(r"\n  (--[\w.]+) .*?\(.*?type:\s+([^,)]+(?:\[[^\]]*\])?)", re.sub(r"\n {6,}", " ", text)))
    assert len(types) > 60
    options = [name for name in types if "." in name or name[2:] in ("seed", "run", "init", "max_images")]
    numbers = [name for name in options if re.fullmatch(r"(int|float|bool)( \| null)?", types[name].strip())]
    assert len(numbers) > 20
    names = {*options, *types, "--model", "--data", "--trainer", "--config", "--print_config"}
    tried = 0
    while tried < 200:
        option = draw.choice(options)
        match draw.randrange(6):
            case 0 | 1:
                words = [misspelt(option, draw), "1"]
                if words[0] in names:
                    continue
            case 2:
                value = draw.choice(["four", "[1", "{a: 1}", "1.2.3", "-", "a b\nc", "x" * 400, "é\t", "'", "[[]]"])
                words = [draw.choice(numbers), value]
            case 3:
                words = [option]
            case 4:
                words = [draw.choice(["3", "fit", "mnist/gan", "*", "?" * 300, "--", "-x", "--=", "--.", "-c="])]
            case _:
                words = [draw.choice(["--model", "--data"]), draw.choice(["GNA", "a.b.C", "3", "[]", "os"])]
        good = [*TINY, "--trainer.max_steps", "0", "--run", "r"]
        first = draw.random() < 0.5 and len(words) == 2 and words[0] not in ("--model", "--data")
        try:
            refused("fit", *([*words, *good] if first else [*good, *words]))
        except BaseException as error:
            raise AssertionError(f"{words}: {error}") from error
        tried += 1
