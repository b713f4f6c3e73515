"""The mirror at wandb: what it holds, and that a run is the same without it, or with one that is slow or broken."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from gan_zoo.callbacks import tracking
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.callbacks.tracking import MOST_WAITING, Mirror, Tracking, Wandb
from gan_zoo.metrics.extractors import Extractor
from gan_zoo.models.gan import GAN
from gan_zoo.run import layout
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.drivers.tiny import Tiny
from tests.training.test_exact_resume import same

WANDB = Path(sys.executable).with_name("wandb")


@pytest.fixture(scope="module", autouse=True)
def no_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """As on a fresh machine: wandb is neither told what to do nor given a key."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            patch.delenv(name)
        patch.setenv("NETRC", str(tmp_path_factory.mktemp("home") / "no_netrc"))
        yield


class Rows(Extractor):
    """Costs nothing: the means of an image's rows."""

    name = "rows"
    features = 8

    def forward(self, image: UInt8[Tensor, " n c h w"]) -> Float[Tensor, " n d"]:
        return image.float().mean((1, 3))


def train(run: Path, mirrored: Tracking, steps: int = 12) -> Run:
    trainer = Trainer(
        run=run,
        seed=2,
        max_steps=steps,
        log_every_n_steps=2,
        grids=Grids(every=4, count=4),
        evaluation=Evaluation(f"{__name__}:Rows", every=6, samples=16, share=1.0),
        checkpoints=Checkpoints(every=5, keep_every=0),
        tracking=mirrored,
        accelerator="cpu",
        enable_progress_bar=False,
    )
    trainer.fit(GAN(image_shape=(1, 8, 8), latent_dim=3, width=(6,)), Tiny())
    return Run(run)


def inspected(folder: Path, *how: str) -> list[dict[str, Any]]:
    """A wandb record on disk, as wandb itself reads it."""
    (record,) = folder.glob("*.wandb")
    command = [WANDB, "leet", "inspect", "--json", *how, record]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return [json.loads(text)] if how else [json.loads(line) for line in text.splitlines()]


def records(run: Run) -> list[Path]:
    return sorted((run.path / "wandb").glob("*run-*"))


def history(folder: Path) -> list[dict[str, Any]]:
    """Everything that was logged, without what wandb adds."""
    items = [one["history"]["item"] for one in inspected(folder) if one["type"] == "history"]
    return [{name: value for name, value in item.items() if not name.startswith("_")} for item in items]


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tmp_path_factory.mktemp("runs") / "x", Tracking())


def test_offline_record_holds_every_line_score_and_grid(mirrored: Run) -> None:
    (folder,) = records(mirrored)
    assert folder.name.startswith("offline-run-"), "no key, so offline, and nobody is asked"
    logged = history(folder)
    expected = list(lines(mirrored.metrics_file))
    assert [one["step"] for one in expected] == [2, 4, 6, 8, 10, 12]
    assert [one for one in logged if "seconds" in one] == expected
    scores = [one for one in logged if "fd_rows_16" in one]
    ours = [{"step": one["step"], "images": one["images"], one["metric"]: one["value"]}
            for one in lines(mirrored.evaluations_file)]  # fmt: skip
    assert [one["step"] for one in ours] == [0, 6, 12]
    assert scores == ours
    samples = {one["step"]: one["samples.path"] for one in logged if "samples.path" in one}
    assert list(samples) == [0, 4, 8, 12]
    for step, sample in samples.items():
        there = (folder / "files" / sample).read_bytes()
        assert there == (mirrored.images / f"step_{step:08d}.png").read_bytes()
    assert len(logged) == len(expected) + len(ours) + len(samples)


def test_summary_has_the_lowest_score_the_configuration_and_the_names(mirrored: Run) -> None:
    (summary,) = inspected(records(mirrored)[0], "--summary")
    values = [one["value"] for one in lines(mirrored.evaluations_file)]
    assert summary["summary"]["fd_rows_16"]["min"] == pytest.approx(min(values))
    assert summary["state"] == "finished"
    assert (summary["project"], summary["name"]) == ("gan-zoo", "x")
    assert summary["config"]["model"]["init_args"]["latent_dim"] == 3
    assert summary["run_id"] == mirrored.record()["wandb_id"]
    (opening,) = [one["run"] for one in inspected(records(mirrored)[0]) if one["type"] == "run"]
    assert opening["run_group"] == mirrored.path.parent.name, "the folder of a run in a study is the study's name"


def test_summary_keeps_the_better_value_of_each_score(mirrored: Run, tmp_path: Path) -> None:
    run = Run(shutil.copytree(mirrored.path, tmp_path / "y", ignore=shutil.ignore_patterns("wandb")))
    mirror = Wandb(run, "better", "gan-zoo")
    names = {"fid_1k": "min", "a2b/l1_9": "min", "is_1k": "max", "precision_lenet_1k": "max", "a2b/psnr_9": "max"}
    for step, value in enumerate((2.0, 1.0, 3.0, 2.5)):
        mirror.log("scores", {"step": step, "images": step, **dict.fromkeys(names, value)})
    mirror.finish()
    (summary,) = inspected(records(run)[0], "--summary")
    kept = {name: summary["summary"][name] for name in names}
    assert kept == {name: {better: 1.0 if better == "min" else 3.0} for name, better in names.items()}


def test_all_that_wandb_writes_is_named_in_the_layout_and_so_removed_with_the_run(mirrored: Run) -> None:
    places = {place for place, _ in layout.files(mirrored.path)}
    assert places == {place for place, _ in layout.own_files(mirrored.path)}
    assert any(place.endswith(".wandb") for place in places)


def test_every_number_is_drawn_against_the_step(mirrored: Run) -> None:
    metrics = [one["metric"] for one in inspected(records(mirrored)[0]) if one["type"] == "metric"]
    axes = {one.get("name") or one["glob_name"]: one.get("step_metric") for one in metrics}
    assert axes == {"step": None, "*": "step", "fd_rows_16": "step"}


@pytest.mark.slow
def test_resumed_run_goes_on_under_the_same_id(tmp_path: Path) -> None:
    run = train(tmp_path / "x", Tracking(), steps=6)
    identity = run.record()["wandb_id"]
    checkpoint = torch.load(run.last, weights_only=True)
    assert checkpoint["callbacks"]["Tracking"] == {"wandb_id": identity}
    run.update_record(wandb_id=None)  # the checkpoint's counts
    train(tmp_path / "x", Tracking())
    assert run.record()["wandb_id"] == identity
    first, second = records(run)
    assert first.name.endswith(identity) and second.name.endswith(identity)
    steps = [one["step"] for folder in (first, second) for one in history(folder) if "seconds" in one]
    assert steps == [2, 4, 6, 8, 10, 12]


def test_run_that_was_killed_before_its_first_checkpoint_keeps_its_id(tmp_path: Path) -> None:
    run = Run(tmp_path / "x")
    run.create()
    run.update_record(wandb_id="abcd0123")
    run.release()
    assert train(tmp_path / "x", Tracking(), steps=2).record()["wandb_id"] == "abcd0123"


@pytest.mark.slow
def test_record_of_a_run_that_is_killed_is_finished_all_the_same(tmp_path: Path) -> None:
    """wandb's process sees its input end. In a process of its own, for the kill is a real one."""
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_tracking; test_tracking.die()"
    )
    died = subprocess.run([sys.executable, "-c", script, str(tmp_path / "x")], timeout=60)
    assert died.returncode == -signal.SIGKILL
    run, deadline = Run(tmp_path / "x"), time.monotonic() + 30
    while not ended(run) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert [one["step"] for one in history(records(run)[0]) if "seconds" in one] == [2, 4, 6, 8]


def die() -> None:
    """Trains, and is killed at step 9, when wandb has had the time to start."""
    torch.set_num_threads(1)

    class Dying(Tracking):
        def on_train_batch_end(self, trainer: Any, *arguments: Any) -> None:
            super().on_train_batch_end(trainer, *arguments)
            if trainer.global_step == 9:
                time.sleep(0.5)  # for the thread to hand over what waits
                os.kill(os.getpid(), signal.SIGKILL)

    train(Path(sys.argv[1]), Dying())


def ended(run: Run) -> bool:
    return any(
        one["type"] == "exit" for folder in records(run) if any(folder.glob("*.wandb")) for one in inspected(folder)
    )


@pytest.mark.parametrize("how", ["option", "environment"])
def test_off_leaves_no_folder(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "environment":
        monkeypatch.setenv("WANDB_MODE", "disabled")
    run = train(tmp_path / "x", Tracking(wandb=how != "option"))
    assert run.record()["status"] == "finished"
    assert not list(run.path.rglob("*wandb*")) and "wandb_id" not in run.record()


def test_training_process_loads_no_wandb(mirrored: Run) -> None:
    assert "wandb" not in sys.modules


def plain_checkpoint(run: Run) -> dict[str, Any]:
    content = torch.load(run.last, weights_only=True)
    return {name: content[name] for name in ("state_dict", "optimizer_states", "gan_zoo", "global_step")}


def without_clocks(run: Run) -> list[dict[str, Any]]:
    clocks = ("seconds", "images_per_second")
    return [{k: v for k, v in line.items() if k not in clocks} for line in lines(run.metrics_file)]


class Stub:
    """A tracker that remembers what it was told."""

    def __init__(self, run: Run, identity: str, project: str) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def log(self, kind: str, values: dict[str, Any]) -> None:
        self.told.append((kind, values))

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


class RaisesAtOnce(Stub):
    def __init__(self, run: Run, identity: str, project: str) -> None:
        raise OSError("no such tracker")


class RaisesInLog(Stub):
    def log(self, kind: str, values: dict[str, Any]) -> None:
        raise RuntimeError("the server is on fire")


class RaisesAtTheEnd(Stub):
    def finish(self) -> None:
        raise RuntimeError("could not upload")


class Sleeps(Stub):
    """5 s a call, or until the run has abandoned it."""

    def __init__(self, run: Run, identity: str, project: str) -> None:
        self.abandoned = threading.Event()

    def log(self, kind: str, values: dict[str, Any]) -> None:
        self.abandoned.wait(5)

    def abandon(self) -> None:
        self.abandoned.set()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (RaisesAtOnce, "no such tracker"),
        (RaisesInLog, "the server is on fire"),
        (RaisesAtTheEnd, "could not upload"),
        (Sleeps, "not done 1 s after the end"),
    ],
)
def test_tracker_that_is_broken_or_slow_leaves_the_run_as_it_is(
    kind: type[Stub],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tracking, "PATIENCE", 1.0)

    class Stubbed(Tracking):
        tracker = kind

    alone = train(tmp_path / "alone", Tracking(wandb=False))
    begun = time.monotonic()
    run = train(tmp_path / "x", Stubbed())
    took = time.monotonic() - begun
    assert run.record()["status"] == "finished"
    assert without_clocks(run) == without_clocks(alone)
    assert same(plain_checkpoint(run), plain_checkpoint(alone))
    out = capsys.readouterr().out
    assert out.count("The tracker is not complete") == 1 and said in out
    # The run takes well below 1 s and waits 1 s at its end. 13 lines, scores and grids of 5 s each would take 65 s:
    # a single one that is waited for, beyond the patience, goes over the bound; a busy machine does not.
    assert took < 5
    assert not [thread for thread in threading.enumerate() if thread.name == "tracking"]


def test_overflow_is_said_once_and_costs_no_time(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    stub = Sleeps(Run(tmp_path), "", "")
    mirror = Mirror(lambda: stub)
    mirror.start()
    begun = time.monotonic()
    for step in range(3 * MOST_WAITING):
        mirror.put("metrics", {"step": step})
    # 3,000 hand-overs of some microseconds; one that waited for the tracker would take 5 s.
    assert time.monotonic() - begun < 2
    mirror.close(patience=0.1)
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and f"lags {MOST_WAITING} lines behind" in out


def test_mirror_hands_over_all_and_in_order(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    stub = Stub(Run(tmp_path), "", "")
    mirror = Mirror(lambda: stub)
    for step in range(5):
        mirror.put("metrics", {"step": step})  # before it is started, too
    mirror.start()
    mirror.start()
    mirror.put("scores", {"step": 5})
    mirror.close(patience=10.0)
    assert [values["step"] for _, values in stub.told] == [0, 1, 2, 3, 4, 5]
    assert [kind for kind, _ in stub.told] == ["metrics"] * 5 + ["scores"]
    assert not capsys.readouterr().out


def test_server_that_does_not_answer_leaves_the_run_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """wandb itself tries for 90 s and holds up the end of a process as long: nothing of that reaches the run."""
    monkeypatch.setattr(tracking, "PATIENCE", 2.0)
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # nothing listens there
    begun = time.monotonic()
    run = train(tmp_path / "x", Tracking())
    assert time.monotonic() - begun < 10, "the run and 2 s; wandb would take 30 s to give up"
    assert run.record()["status"] == "finished"
    assert capsys.readouterr().out.count("The tracker is not complete: it was not done 2 s after the end") == 1


def test_key_that_is_none_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "nonsense")
    run = train(tmp_path / "x", Tracking())
    assert run.record()["status"] == "finished"
    out = capsys.readouterr().out
    assert out.count("The tracker is not complete") == 1 and "API key" in out
