"""Every flag of lightning.Trainer works or is refused in one line: the table of docs/lightning_flags.md, tried."""

import inspect
import logging
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import pytest
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from gan_zoo.training.trainer_flags import REFUSED
from tests.drivers.tiny import Tiny

PAGE = (Path(__file__).parents[2] / "docs" / "lightning_flags.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \| (works|refused)[^|]*\| `([\w/.]+)::(\w+)` \|$", PAGE, re.MULTILINE)
"""(flag, verdict, test's file, test) of the page's table."""


class Watching(GAN):
    """A GAN that notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__(image_shape=(1, 8, 8), latent_dim=2, width=(4,))
        self.seen: list[str] = []

    def take_step(self, minibatches: list[dict[str, torch.Tensor]]) -> None:
        super().take_step(minibatches)
        self.seen.append("train")
        self.is_deterministic = torch.are_deterministic_algorithms_enabled()
        self.is_benchmark = torch.backends.cudnn.benchmark
        self.is_anomaly = torch.is_anomaly_enabled()


class Looping(Watching):
    """One with the other loops as well."""

    def validation_step(self, *_: Any) -> None:
        self.seen.append("validate")

    def test_step(self, *_: Any) -> None:
        self.seen.append("test")

    def predict_step(self, *_: Any) -> torch.Tensor:
        return self(torch.zeros(1, 2))


class Loaders(Tiny):
    """Noise with loaders of five batches for the other loops."""

    def val_dataloader(self) -> DataLoader:
        return DataLoader(torch.zeros(5))  # type: ignore[arg-type]

    test_dataloader = predict_dataloader = val_dataloader


def fit(steps: int = 4, data: Any = None, **flags: Any) -> tuple[Trainer, Watching]:
    trainer = Trainer(**{"max_steps": steps, "accelerator": "cpu", "enable_progress_bar": False} | flags)
    model = Looping() if data else Watching()
    trainer.fit(model, data or Tiny())
    return trainer, model


def test_every_flag_of_lightning_has_a_row() -> None:
    assert sorted(name for name, *_ in ROWS) == sorted(inspect.signature(L.Trainer).parameters)
    assert {name for name, verdict, *_ in ROWS if verdict == "refused"} == set(REFUSED)


@pytest.mark.parametrize("row", ROWS, ids=[name for name, *_ in ROWS])
def test_the_test_of_a_row_is_there_and_names_the_flag(row: tuple[str, ...]) -> None:
    flag, _, file, test = row
    module = import_module("tests." + file.removesuffix(".py").replace("/", "."))
    assert callable(getattr(module, test))
    source = inspect.getsource(module)
    drivers = [import_module(name) for name in re.findall(r"tests\.drivers\.\w+", source)]
    assert any(flag in text for text in (source, *map(inspect.getsource, drivers)))


OTHERS = {
    "max_epochs": 5,
    "min_epochs": 5,
    "min_steps": 5,
    "max_time": "00:01:00:00",
    "limit_train_batches": 1,
    "overfit_batches": 1,
    "enable_checkpointing": False,
    "reload_dataloaders_every_n_epochs": 1,
    "barebones": True,
    "model_registry": "x",
}


@pytest.mark.parametrize("flag", REFUSED)
def test_is_refused_in_one_line(flag: str) -> None:
    with pytest.raises(Mistake) as refused:
        Trainer(**{flag: OTHERS[flag]})
    assert re.fullmatch(rf"trainer\.{flag} is {OTHERS[flag]}: .*\. Leave it out\.", str(refused.value))
    for neutral in REFUSED[flag][0]:
        Trainer(**{"accelerator": "cpu", flag: neutral})


def test_steps_end_a_run_and_fast_dev_run_tries_one(tmp_path: Path) -> None:
    trainer, model = fit(max_steps=4, log_every_n_steps=2, run=tmp_path / "x")
    assert trainer.global_step == len(model.seen) == 4
    assert [line["step"] for line in lines(Run(tmp_path / "x").metrics_file)] == [2, 4]
    trainer, model = fit(max_steps=50, fast_dev_run=3, run=tmp_path / "y")
    assert trainer.global_step == len(model.seen) == 3
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("precision", ["64-true", "16-true", "bf16-true", "transformer-engine"])
def test_precisions_in_which_models_do_not_train_are_refused(precision: str) -> None:
    with pytest.raises(Mistake, match=rf"trainer\.precision is {precision}: use bf16-mixed or 32-true"):
        Trainer(precision=precision)


@pytest.mark.filterwarnings("ignore:Starting from v1.9.0")  # where TensorBoard is not there
def test_loggers_get_the_lines_and_the_hyperparameters(tmp_path: Path) -> None:
    fit(logger=CSVLogger(tmp_path, "a"), log_every_n_steps=2)
    assert "discriminator/minimax" in (tmp_path / "a/version_0/metrics.csv").read_text()
    assert "rate_divisor" in (tmp_path / "a/version_0/hparams.yaml").read_text()
    fit(logger=CSVLogger(tmp_path, "b"), enable_autolog_hparams=False)
    assert not (tmp_path / "b/version_0/hparams.yaml").exists()
    fit(logger=True, default_root_dir=tmp_path / "c")
    assert (tmp_path / "c/lightning_logs/version_0").is_dir()


def test_callbacks_are_called_beside_ours() -> None:
    class Steps(L.Callback):
        seen: tuple[int, ...] = ()

        def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
            self.seen += (trainer.global_step,)

    one, two = Steps(), Steps()
    fit(callbacks=one)
    fit(callbacks=[one, two])
    assert one.seen == (1, 2, 3, 4) * 2 and two.seen == (1, 2, 3, 4)


def test_validation_runs_where_the_model_has_one() -> None:
    """Sanity 2, then 3 of 5 batches after every second step; an epoch has no end, so its number is never asked for."""
    flags = {"limit_val_batches": 3, "num_sanity_val_steps": 2, "check_val_every_n_epoch": None}
    _, model = fit(data=Loaders(), val_check_interval=2, **flags)
    assert model.seen == ["validate"] * 2 + (["train"] * 2 + ["validate"] * 3) * 2


@pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec")  # Lightning's own, of torch
def test_testing_and_predicting_work() -> None:
    flags = {"limit_test_batches": 2, "limit_predict_batches": 3, "accelerator": "cpu", "enable_progress_bar": False}
    model = Looping()
    trainer = Trainer(**flags)
    trainer.test(model, Loaders(), verbose=False)
    assert model.seen == ["test"] * 2
    images = trainer.predict(model, Loaders())
    assert images and len(images) == 3
    assert all(isinstance(image, torch.Tensor) and image.is_inference() for image in images)
    [image, *_] = Trainer(**flags, inference_mode=False).predict(Looping(), Loaders()) or []
    assert isinstance(image, torch.Tensor) and not image.is_inference()


def test_determinism_benchmark_and_anomalies_reach_torch() -> None:
    try:
        _, model = fit(deterministic=True, detect_anomaly=True)
        assert model.is_deterministic and model.is_anomaly and not model.is_benchmark
        _, model = fit(benchmark=True)
        assert model.is_benchmark and not model.is_anomaly
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = False
    _, model = fit()
    assert not (model.is_deterministic or model.is_benchmark)


def test_what_is_said(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """The bar prints; the profile and the model's summary are lines of Lightning's own log, on standard error."""
    log = logging.getLogger("lightning.pytorch")
    log.addHandler(caplog.handler)
    try:
        for flag, value, part in (
            ("enable_progress_bar", True, "step 4/4"),
            ("profiler", "simple", "Profiler Report"),
            ("enable_model_summary", True, "Trainable params"),
        ):
            for more in ({}, {flag: value}):
                caplog.clear()
                fit(4, **more)
                assert (part in capsys.readouterr().out + caplog.text) == bool(more), flag
    finally:
        log.removeHandler(caplog.handler)


def test_plugins_are_used() -> None:
    environment = LightningEnvironment()
    trainer, _ = fit(plugins=[environment])
    assert trainer._accelerator_connector.cluster_environment is environment


SCRIPT = """
import os, sys, torch
from torch.utils.data import DataLoader
from gan_zoo.training import Trainer
from tests.training.test_trainer_flags import Watching
class Numbers(Watching):
    def take_step(self, minibatches):
        numbers = sorted(minibatches[0]["number"].tolist())
        os.write(1, f"saw {self.global_rank} {numbers}\\n".encode())  # in one piece: two processes share it
        super().take_step(minibatches)  # in which the two processes wait for each other
if __name__ == "__main__":
    images = [{"image": torch.zeros(1, 8, 8, dtype=torch.uint8), "number": torch.tensor(i)} for i in range(8)]
    deals = sys.argv[1] == "True"
    trainer = Trainer(max_steps=1, accelerator="cpu", devices=2, use_distributed_sampler=deals)
    trainer.fit(Numbers(), DataLoader(images, batch_size=4))
"""


@pytest.mark.slow
@pytest.mark.parametrize("deals", [True, False])
def test_plain_loaders_are_dealt_to_the_processes(tmp_path: Path, deals: bool) -> None:
    """use_distributed_sampler: of 8 images each of two processes gets its own 4, or both the same."""
    (tmp_path / "script.py").write_text(SCRIPT)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "script.py", str(deals)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    seen = dict(re.findall(r"saw (\d) (\[[\d, ]*\])", done.stdout))
    assert seen.keys() == {"0", "1"}, done.stdout
    assert (seen["0"] != seen["1"]) == deals, seen
