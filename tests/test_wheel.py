"""The wheel contains everything that the packages need, and works in a folder without a checkout."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.slow  # a build and three processes that import torch, about 30 s

ROOT = Path(__file__).parents[1]
SHIPPED = ("gan_zoo", "datamodules", "experiments")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that the checkout gets no new files and contributes no old ones."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in SHIPPED:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder into which the wheel is installed, without its dependencies."""
    target = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(target)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=120)
    return target


def test_nothing_is_left_out(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    files = [file.relative_to(ROOT) for name in SHIPPED for file in (ROOT / name).rglob("*") if file.is_file()]
    expected = {str(file) for file in files if "__pycache__" not in file.parts and not is_picture(file)}
    shipped = {name for name in names if ".dist-info/" not in name}
    assert shipped == expected
    assert {"gan_zoo/py.typed", "datamodules/py.typed", "gan_zoo/metrics/lenet.safetensors"} <= shipped
    assert {f"gan_zoo/pretrained/mnist-wgan-gp.{end}" for end in ("safetensors", "yaml", "csv")} <= shipped
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def is_picture(file: Path) -> bool:
    """Return whether `file` is a picture on a page of experiments/, which stays in the repository."""
    return file.parts[0] == "experiments" and file.suffix == ".png"


def test_trains_and_samples_from_elsewhere(installed: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}

    def python(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = python("-c", "import datamodules, gan_zoo; print(gan_zoo.__file__, datamodules.__file__)")
    assert where.split() == [f"{installed}/gan_zoo/__init__.py", f"{installed}/datamodules/__init__.py"]

    quick = ["--trainer.max_steps", "2", "--evaluation.samples", "64", "--grids.count", "4"]
    python("-m", "gan_zoo", "fit", "-c", "mnist/wgan_gp", *quick, "--run", "runs/x")
    record = json.loads((tmp_path / "runs" / "x" / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["git"] is None, "an installed copy has no commit"

    for model in ("runs/x", "mnist-wgan-gp"):
        python("-m", "gan_zoo", "sample", model, "--count", "4", "--out", f"{model}.png")
        assert (tmp_path / f"{model}.png").read_bytes().startswith(b"\x89PNG")
