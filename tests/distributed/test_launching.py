"""The real command: killed and resumed, on one process or two, started by itself, by torchrun, or as srun does."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment

from gan_zoo.run.directory import Run
from gan_zoo.training.trainer import Trainer
from tests.comparing import differences
from tests.processes import children, free_port

pytestmark = pytest.mark.slow  # ten starts of one process or two, about two minutes

STEPS = 120
FIT = [sys.executable, "-m", "gan_zoo", "fit", "--model", "GAN", "--model.architecture", "dcgan", "--model.width", "4"]
FIT += ["--model.latent_dim", "8", "--model.average_half_life", "100", "--grids.count", "4", "--grids.every", "25"]
FIT += ["--data", "tests.drivers.tiny.Tiny", "--data.size", "28", "--checkpoints.every", "10"]
FIT += ["--evaluation.extractor", "lenet", "--evaluation.samples", "32", "--evaluation.every", "20"]
FIT += ["--evaluation.share", "1", "--trainer.log_every_n_steps", "5", "--trainer.accelerator", "cpu"]
FIT += ["--trainer.max_steps", str(STEPS)]


def start(run: Path, *more: str, **environment: str) -> subprocess.Popen[str]:
    """`gan-zoo fit` in a session of its own."""
    return subprocess.Popen(
        [*FIT, "--run", str(run), *more],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(*processes: subprocess.Popen[str]) -> None:
    """Wait for all, and see that they did well."""
    said = [process.communicate(timeout=150)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), said


def wait_for(run: Path, step: int, process: subprocess.Popen[str]) -> None:
    """Until `run` has written a line of a step past `step`."""
    begun = time.monotonic()
    while Run(run).row()["step"] <= step and process.poll() is None:
        assert time.monotonic() - begun < 120
        time.sleep(0.005)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run on one process."""
    run = tmp_path_factory.mktemp("one") / "run"
    finish(start(run))
    return run


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run on two processes, started by one command."""
    run = tmp_path_factory.mktemp("two") / "run"
    finish(start(run, "--trainer.devices", "2"))
    return run


def test_killed_three_times(one: Path, tmp_path: Path) -> None:
    run, chance = tmp_path / "run", random.Random(2)
    for part in range(3):
        process = start(run)
        wait_for(run, chance.randint(part * STEPS // 4, (part + 1) * STEPS // 4), process)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "killed, and not at its end already"
    finish(start(run))
    assert not differences(one, run)


def test_a_killed_worker_ends_the_other_with_its_rank_named_and_nothing_is_lost(two: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(run, "--trainer.devices", "2")
    wait_for(run, STEPS // 2, process)
    begun = time.monotonic()
    (worker,) = children(process.pid)
    os.kill(worker, signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - begun < 60
    record = Run(run).record()
    assert record["status"] == "failed"
    assert re.match(rf"rank 1 \(process {worker} on .*\) has ended without a word", record["error"])
    # Lightning's launcher looks every five seconds, and kills then; else the command has said why by itself.
    if process.returncode == 1:
        assert f"gan-zoo: rank 1 (process {worker}" in said and "goes on from the last checkpoint" in said
    else:
        assert process.returncode == -signal.SIGKILL
    finish(start(run, "--trainer.devices", "2"))
    assert not differences(two, run)


def test_two_agents_of_torchrun(two: Path, tmp_path: Path) -> None:
    """Two nodes of one process each, as on two machines."""
    run, meeting = tmp_path / "run", ["--rdzv-backend", "c10d", "--rdzv-endpoint", f"127.0.0.1:{free_port()}"]
    agents = []
    for _ in range(2):
        place = ["--nnodes", "2", "--nproc-per-node", "1", *meeting, "--local-addr", "127.0.0.1"]
        command = [sys.executable, "-m", "torch.distributed.run", *place, "-m", "--", *FIT[2:], "--run", str(run)]
        pipes: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        agents.append(subprocess.Popen([*command, "--trainer.num_nodes", "2"], **pipes))
    finish(*agents)
    assert not differences(two, run)
    assert Run(run).record()["devices"] == 2


def slurm(tasks: int, task: int) -> dict[str, str]:
    """What srun tells a task of one node."""
    place = {"NTASKS": tasks, "NTASKS_PER_NODE": tasks, "NNODES": 1, "PROCID": task, "LOCALID": task, "NODEID": 0}
    job = {"JOB_ID": 4711, "JOB_NAME": "train", "NODELIST": "127.0.0.1"}
    return {f"SLURM_{name}": str(value) for name, value in (place | job).items()}


def test_one_task_of_srun(one: Path, tmp_path: Path) -> None:
    finish(start(tmp_path / "run", **slurm(tasks=1, task=0)))
    assert not differences(one, tmp_path / "run")


def test_slurm_is_not_asked_to_start_the_job_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning would save a checkpoint of its own for that, which every other run in the folder would start from."""
    for name, value in slurm(tasks=1, task=0).items():
        monkeypatch.setenv(name, value)
    trainer = Trainer(max_steps=1, accelerator="cpu", devices=1)
    cluster = trainer._accelerator_connector.cluster_environment
    assert isinstance(cluster, SLURMEnvironment) and not cluster.auto_requeue


def test_two_tasks_of_srun(two: Path, tmp_path: Path) -> None:
    run, master = tmp_path / "run", {"MASTER_PORT": free_port()}
    tasks = [start(run, "--trainer.devices", "2", **slurm(tasks=2, task=task), **master) for task in (0, 1)]
    finish(*tasks)
    assert not differences(two, run)


def test_a_mistake_that_two_processes_find_is_printed_once(tmp_path: Path) -> None:
    process = start(tmp_path / "run", "--trainer.devices", "2", "--data.size", "32")
    _, said = process.communicate(timeout=100)
    assert process.returncode == 2 and said.count("lenet scores grey digits") == 1, said
