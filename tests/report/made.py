"""Run directories written by hand, as `fit` and `study` would leave them."""

import base64
import json
from pathlib import Path
from typing import Any

import yaml

PROTOCOL = {"extractor": "lenet", "data": "mnist_test_10k", "real": 10_000, "generated": 500, "weights": "last"}
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
"""The smallest PNG."""


def make_run(
    folder: Path,
    values: dict[int, float],
    *,
    model: str = "GAN",
    seed: int = 0,
    status: str = "finished",
    protocol: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    **record: Any,
) -> Path:
    """A run with a score at each step of `values`; ten images and a tenth of a second a step, grids at those steps."""
    (folder / "images").mkdir(parents=True)
    told = {"status": status, "model": model, "data": "MNIST", "seed": seed, "images_per_second": 100.0} | record
    (folder / "run.json").write_text(json.dumps(told))
    described = {"class_path": f"gan_zoo.models.{model}", "init_args": {"width": 64} | (config or {})}
    data = {"class_path": "datamodules.MNIST", "init_args": {"split": "train"}}
    (folder / "config.yaml").write_text(yaml.safe_dump({"seed": seed, "model": described, "data": data}))
    metrics = [{"step": step, "images": 10 * step, "seconds": step / 10, "generator/x": 1.5} for step in values if step]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in metrics))
    for step, value in values.items():
        add_score(folder, step, value, protocol or PROTOCOL)
        (folder / "images" / f"step_{step:08d}.png").write_bytes(PIXEL)
    return folder


def add_score(folder: Path, step: int, value: float, protocol: dict[str, Any] | None, metric: str = "fd_lenet") -> None:
    line = {"step": step, "images": 10 * step, "metric": metric, "value": value, "interval": None, "protocol": protocol}
    with open(folder / "evaluations.jsonl", "a") as stream:
        stream.write(json.dumps(line) + "\n")


def make_study(folder: Path, cells: dict[str, dict[str, Any]]) -> Path:
    """study.json with the given cells, finished unless they say otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    usual = {"settings": {}, "hash": "0", "status": "finished", "attempts": 1, "last_line": None}
    content = {"name": folder.name, "study": {}, "cells": {name: usual | cell for name, cell in cells.items()}}
    (folder / "study.json").write_text(json.dumps(content))
    return folder


def two_methods(folder: Path) -> Path:
    """A study: `a` at 10 and 14 (best 8 and 14), `b` at 30 and failed. By hand: a 12 ± sqrt(8), b 30."""
    make_run(folder / "a-s0", {0: 100.0, 50: 8.0, 100: 10.0}, seed=0)
    make_run(folder / "a-s1", {0: 104.0, 50: 20.0, 100: 14.0}, seed=1)
    make_run(folder / "b-s0", {0: 100.0, 50: 40.0, 100: 30.0}, seed=0, model="WGAN", config={"n_critic": 5})
    make_run(folder / "b-s1", {0: 90.0}, seed=1, model="WGAN", status="failed", error="Loss was nan & <odd>.")
    cells = {
        f"{method}-s{seed}": {"method": method, "settings": {"seed": seed}} for method in ("a", "b") for seed in (0, 1)
    }
    cells["b-s1"] |= {"status": "failed", "last_line": "Loss was nan & <odd>."}
    return make_study(folder, cells)
