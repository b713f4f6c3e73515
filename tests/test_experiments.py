"""Every experiment that is shipped runs: one step of everything, and no file is left."""

import re
from pathlib import Path

import pytest
import torch
import torchvision

from gan_zoo.cli import main
from tests.drivers import official

FOLDER = Path(__file__).parents[1] / "experiments"
NAMES = [str(file.relative_to(FOLDER).with_suffix("")) for file in sorted(FOLDER.rglob("*.yaml"))]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sets")


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("studies/")])
def test_runs_for_a_step(name: str, sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a small set of the layout that it names, in small batches, and without scores by networks that are fetched."""
    text = (FOLDER / f"{name}.yaml").read_text()
    for wanted in re.findall(r"\bdata/(\w+)", text):
        official.make(wanted, sets)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").symlink_to(sets)
    scores = ["--evaluation.extractor", "null"] if "extractor: inception" in text else []
    if "adain" in name:  # with a random network for the one that is fetched, and small pictures
        torch.save(torchvision.models.vgg16(weights=None).features.state_dict(), sets / "vgg16.pth")
        scores += ["--model.network", "vgg16", "--model.vgg_weights", str(sets / "vgg16.pth")]
        scores += ["--data.resolution", "40", "--data.crop", "32", "--grids.count", "4"]
    if "Pix2Pix" in text:  # narrower
        scores += ["--model.width", "4", "--model.discriminator_width", "4", "--grids.count", "6"]
    if "StarGAN" in text:  # narrower
        scores += ["--model.width", "8", "--model.discriminator_width", "8"]
    if "CycleGAN" in text:  # narrower
        scores += ["--model.width", "4", "--model.discriminator_width", "4", "--grids.count", "6"]
    small = ["--data.batch_size", "4", "--data.workers", "0", "--trainer.accelerator", "cpu"]
    with pytest.raises(SystemExit) as exit:
        main(["fit", "-c", name, "--trainer.fast_dev_run", "true", *small, *scores])
    assert exit.value.code == 0
    assert {file.name for file in tmp_path.iterdir()} <= {"data", "cache"}
