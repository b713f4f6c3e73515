"""Furnishes the folder in which `fuzzing.py` runs commands, and lists right commands with the files that they read."""

import contextlib
import io
import json
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from gan_zoo.cli import main
from gan_zoo.report.committed import BEGIN, END

FIT = ["--model", "GAN", "--model.architecture", "mlp", "--model.width", "[8]", "--model.latent_dim", "4"]
FIT += ["--data", "tests.drivers.tiny.Tiny", "--trainer.accelerator", "cpu", "--evaluation.extractor", "null"]
FIT += ["--tracking.wandb", "false"]
FOLDER = ["--data", "ImageFolder", "--data.resolution", "8"]
SCORE = ["--extractor", "tests.drivers.scripted:Grey", "--metrics", "fd"]
RUN = ("trained/config.yaml", "trained/run.json", "trained/metrics.jsonl", "trained/evaluations.jsonl")
GENERATOR = ("trained/config.yaml", "trained/run.json", "trained/model.safetensors")
CHECKPOINTS = ("trained/checkpoints/last.ckpt", "trained/checkpoints/last.ckpt", "trained/checkpoints/previous.ckpt")
READERS: list[tuple[list[str], tuple[str, ...]]] = [
    (["status", "."], (*RUN, "study/study.json", "study/one/run.json")),
    (["report", ".", "--out", "out.html"], (*RUN, "study/study.json", "trained/images/step_00000002.png")),
    (["report", "study", "--out", "out.html", "--figures", "out"], ("study/study.json", "study/one/evaluations.jsonl")),
    (["report", "results", "--into", "page.md"], ("results/results.csv", "page.md")),
    (["runs", "rm", "--failed", ".", "--yes"], (*RUN, "study/study.json")),
    (["runs", "rm", "trained", "--yes"], RUN),
    (["study", "study.yaml", "--runs", ".", "--dry-run"], ("study/study.json", "study/one/run.json", "study.yaml")),
    (["sample", "trained", "--count", "4", "--out", "out.png"], GENERATOR),
    (["sample", "trained", "--count", "4", "--raw", "--out", "out"], (*GENERATOR, *CHECKPOINTS)),
    (["sample", "trained/model.safetensors", "--count", "4", "--out", "out.png"], ("trained/model.safetensors",)),
    (["sample", "trained/checkpoints/last.ckpt", "--count", "4", "--out", "out.png"], CHECKPOINTS[:1]),
    (["latent", "truncate", "trained", "--out", "out.png"], GENERATOR),
    (["evaluate", "trained", *SCORE, "--samples", "8", "--allow-module", "tests"], (*RUN, *GENERATOR, *CHECKPOINTS)),
    (["evaluate", "trained", *SCORE, "--samples", "8", "--allow-module", "tests"], ("cache/references/*",)),
    (["fit", *FIT, "--run", "trained", "--trainer.max_steps", "6"], (*RUN, *CHECKPOINTS, *CHECKPOINTS)),
    (["fit", *FIT, "--run", "out", "--trainer.max_steps", "1", "--init", "trained/model.safetensors"], GENERATOR[2:]),
    (["fit", *FIT, "--run", "out", "--trainer.max_steps", "1", "--init", "trained/checkpoints/last.ckpt"], CHECKPOINTS),
    (["fit", "-c", "trained/config.yaml", "--run", "out", "--trainer.max_steps", "1"], RUN[:1]),
    (
        ["evaluate", "--fake", "images", "--real", "s.npz", *SCORE, "--run", "out"],
        ("s.npz", "s.npz", "images/a/*.png"),
    ),
    (["evaluate", "--fake", "f.npz", "--real", "images", *SCORE, "--run", "out"], ("f.npz", "images/a/*.png")),
    (
        ["evaluate", "--fake", "x.zip", "--real", "images", *SCORE, "--run", "out"],
        ("x.zip", "x.zip", "images/a/*.png"),
    ),
    (["data", "check", "images", "--labels", "labels.csv"], ("labels.csv", "images/a/*.png")),
    (["data", "check", "x.zip"], ("x.zip",)),
    (
        ["data", "show", *FOLDER, "--data.root", "images", "--data.labels", "labels.csv", "--out", "out.png"],
        ("labels.csv",),
    ),
    (["data", "show", *FOLDER, "--data.root", "images", "--out", "out.png"], ("images/*/*.png", "cache/images/*/*")),
    (["data", "show", *FOLDER, "--data.root", "x.zip", "--out", "out.png"], ("x.zip",)),
    (["data", "show", "--data", "MNIST", "--data.root", "mnist", "--out", "out.png"], ("mnist/MNIST/raw/*",)),
    (["data", "prepare", *FOLDER, "--data.root", "images"], ("images/*/*.png", "cache/images/*/*")),
    (["data", "prepare", *FOLDER, "--data.root", "x.zip"], ("x.zip",)),
    (["data", "stats", *FOLDER, "--data.root", "images", *SCORE, "--out", "s.npz"], ("s.npz", "cache/references/*")),
]
"""Commands that are right, and patterns of the files that each reads."""


def furnish(place: Path) -> None:
    """Make the files that the commands read in the folder `place`, which is the working directory."""
    os.makedirs("images/a")
    os.makedirs("images/b")
    for number in range(6):
        noise = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(noise).save(f"images/{'ab'[number % 2]}/{number}.png")
    Image.new("L", (8, 8), 7).save("good.png")
    shutil.make_archive("x", "zip", "images")
    rows = [f"{'ab'[number % 2]}/{number}.png,{number % 2},{number % 3}\n" for number in range(6)]
    Path("labels.csv").write_text("file,Smiling,age\n" + "".join(rows))
    for name, content in (("empty", b""), ("text.txt", b"text\n"), ("bad.png", b"\x89PNG\r\n\x1a\nxxxx")):
        Path(name).write_bytes(content)
    Path("bad.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    Path("bomb.yaml").write_text("&a {model: *a}")
    Path("good.yaml").write_text(yaml.safe_dump(configuration()))
    Path("study.yaml").write_text(yaml.safe_dump(study()))
    Path("page.md").write_text(f"{BEGIN}\n{END}\n")
    np.savez("f.npz", np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8))
    write_digits(Path("mnist/MNIST/raw"))
    set_environment(place)
    every = ["--grids.every", "2", "--checkpoints.every", "2", "--trainer.max_steps", "4"]
    quietly("fit", *FIT, *every, "--trainer.log_every_n_steps", "2", "--run", "trained")
    quietly("evaluate", "trained", *SCORE, "--samples", "8", "--allow-module", "tests")
    quietly("data", "stats", *FOLDER, "--data.root", "images", *SCORE, "--out", "s.npz")
    quietly("data", "prepare", *FOLDER, "--data.root", "images")
    quietly("report", "trained", "--out", "results/r.html")
    shutil.copytree("trained", "study/one")
    cell = {"method": "gan", "settings": {"seed": 1}, "hash": "0a", "status": "finished", "attempts": 1}
    Path("study/study.json").write_text(json.dumps({"name": "study", "cells": {"one": cell}}))


def set_environment(place: Path) -> None:
    """Let the commands keep nothing outside of `place`."""
    os.environ |= {"GAN_ZOO_CACHE": str(place / "cache"), "TORCH_HOME": str(place / "cache")}


def quietly(*words: str) -> None:
    """Run a command that is right."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(list(words))


def write_digits(folder: Path) -> None:
    """Write ten images with their classes, as MNIST's files hold them."""
    folder.mkdir(parents=True)
    for name, shape in (("images-idx3", (10, 28, 28)), ("labels-idx1", (10,))):
        header = struct.pack(f">{1 + len(shape)}I", 0x800 + len(shape), *shape)
        content = np.arange(np.prod(shape)) % 10
        (folder / f"train-{name}-ubyte").write_bytes(header + content.astype(np.uint8).tobytes())


def furnish_odd() -> None:
    """Make what cannot be copied."""
    os.mkfifo("fifo")
    os.symlink(".", "loop")
    os.symlink("circle", "circle")
    os.makedirs("dir/loop/deep")
    os.symlink("../..", "dir/loop/deep/up")


def configuration() -> dict[str, Any]:
    """Return the configuration in good.yaml."""
    return {
        "seed": 1,
        "model": {
            "class_path": "GAN",
            "init_args": {"architecture": "mlp", "width": [8], "latent_dim": 4, "learning_rate": 1e-3},
        },
        "data": {"class_path": "tests.drivers.tiny.Tiny", "init_args": {"size": 8, "count": 48, "batch_size": 4}},
        "trainer": {"max_steps": 2, "log_every_n_steps": 1},
        "grids": {"count": 4, "every": 2},
        "checkpoints": {"every": 2},
        "tracking": {"wandb": False},
    }


def study() -> dict[str, Any]:
    """Return the study in study.yaml."""
    return {
        "base": "good.yaml",
        "settings": {"model.width": [4], "grids.count": 1},
        "methods": {"gan": {}, "lsgan": {"model": "LSGAN"}},
        "matrix": {"seed": [0, 1], "data.batch_size": [4, 8]},
        "exclude": [{"method": "gan", "seed": 1}],
        "budget": {"steps": 3},
        "retries": 1,
    }
