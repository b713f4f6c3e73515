"""Checkpoints and model files that are damaged, foreign or malicious, and scores that cannot be computed."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

from datamodules.mnist import MNIST
from gan_zoo.models.gan import GAN
from gan_zoo.report.committed import COLUMNS
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import TINY, Refused


def test_a_file_that_cannot_initialise_a_run_is_refused(refused: Refused, tmp_path: Path) -> None:
    save_file({"other": torch.zeros(3)}, tmp_path / "other.safetensors")
    torch.save({"state_dict": {"other": torch.zeros(3)}}, tmp_path / "other.ckpt")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0")
    (tmp_path / "cut.ckpt").write_bytes(b"PK\x03\x04")
    fit = ["fit", *TINY, "--trainer.max_steps", 1, "--run", "r", "--init"]
    assert "There is no file no.ckpt to start from" in refused(*fit, "no.ckpt")
    (tmp_path / "empty").mkdir()
    assert "There is no file empty/checkpoints/last.ckpt to start from" in refused(*fit, "empty")
    for name in ("other.safetensors", "other.ckpt"):
        assert f"Nothing in {name} fits GAN" in refused(*fit, name)
    assert "cut.safetensors is not a whole safetensors file" in refused(*fit, "cut.safetensors")
    assert "cut.ckpt is not a checkpoint that can be read safely" in refused(*fit, "cut.ckpt")


class Bomb:
    """An object whose pickle makes a folder when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_is_never_executed(refused: Refused, tmp_path: Path) -> None:
    torch.save({"state_dict": Bomb(tmp_path / "boom"), "gan_zoo": {}}, tmp_path / "bomb.ckpt")
    result = "bomb.ckpt is not a checkpoint that can be read safely"
    assert result in refused("sample", "bomb.ckpt", "--out", "x.png")
    assert result in refused("fit", *TINY, "--run", "r", "--init", "bomb.ckpt")
    assert not (tmp_path / "boom").exists()


def test_a_header_names_models_only(refused: Refused, tmp_path: Path) -> None:
    header = {"model": "os.mkdir", "hyperparameters": {"path": "boom"}, "weights": "last", "seed": 0, "images": 0}
    save_file({"weight": torch.zeros(1)}, tmp_path / "bad.safetensors", {"gan_zoo": json.dumps(header)})
    assert "bad.safetensors names the module os," in refused("sample", "bad.safetensors", "--out", "x.png")
    allowed = ["--allow-module", "posix"]
    header["model"] = "posix.mkdir"
    save_file({"weight": torch.zeros(1)}, tmp_path / "bad.safetensors", {"gan_zoo": json.dumps(header)})
    assert "posix.mkdir is no GenerativeModule" in refused("sample", "bad.safetensors", *allowed, "--out", "x.png")
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


def test_scores_that_cannot_be_computed_are_refused(refused: Refused, run: Path) -> None:
    small = ("evaluate", "x", "--allow-module", "tests", "--samples")
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


def test_results_that_are_no_plain_file_or_no_text_are_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes("\ufeff".encode("utf-16"))
    os.mkfifo(tmp_path / "x.csv")
    fill = ["report", ".", "--into", "page.md"]
    assert "x.csv is a pipe" in refused(*fill)
    (tmp_path / "x.csv").unlink()
    head = ",".join(COLUMNS)
    cells = ["s,r,GAN,tiny,,0,4,4,1,fd,1.5,,,finished,", "{}", "{}", "gan", ""]
    for place, cell in ((1, "[]"), (1, "[" * 3000), (2, "[1]"), (2, "nan")):
        row = ",".join([*cells[:place], cell, *cells[place + 1 :]])
        (tmp_path / "x.csv").write_text(f"{head}\n{row}\n")
        assert "x.csv is no results.csv" in refused(*fill)
    (tmp_path / "x.csv").write_text(f"{head}\n{','.join(cells)}\n")
    assert "page.md is not UTF-8 text" in refused(*fill)


@pytest.mark.parametrize("protocol", ["[1]", "[" * 3000])
def test_statistics_with_a_damaged_protocol_are_refused(refused: Refused, tmp_path: Path, protocol: str) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    np.savez(tmp_path / "s.npz", mu=np.zeros(2), sigma=np.eye(2), count=9, protocol=protocol)
    score = ["evaluate", "--fake", ".", "--real", "s.npz", "--extractor", "tests.drivers.scripted:Grey"]
    assert "s.npz has a damaged count or protocol" in refused(*score)


def test_an_npz_whose_zip_is_damaged_is_refused(refused: Refused, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    np.savez(tmp_path / "s.npz", np.zeros((9, 8, 8, 3), np.uint8))
    content = (tmp_path / "s.npz").read_bytes()
    (tmp_path / "s.npz").write_bytes(content[:600] + b"x" + content[601:])  # its checksum is another's
    score = ["evaluate", "--fake", "s.npz", "--real", "s.npz", "--extractor", "tests.drivers.scripted:Grey"]
    assert "s.npz is not a readable .npz file" in refused(*score)


def test_an_extractor_that_returns_other_features_than_it_states_is_refused(refused: Refused, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.new("L", (8, 8), number).save(tmp_path / "images" / f"{number}.png")
    score = ["evaluate", "--fake", "images", "--real", "images", "--extractor", "tests.drivers.scripted:Colours"]
    assert "The extractor colours states 3 features, and returned 4 x 1 for 4 images" in refused(*score)
