"""Every experiment and every method of each study runs for one step and leaves no file behind."""

import argparse
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
import yaml

from gan_zoo.cli import main
from gan_zoo.commands.evaluate import options
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.studies import reading
from gan_zoo.studies.expand import Cell, expand
from tests.drivers import official
from tests.pairs import count, pair

FOLDER = Path(__file__).parents[1] / "experiments"
NAMES = [str(file.relative_to(FOLDER).with_suffix("")) for file in sorted(FOLDER.rglob("*.yaml"))]
SLOW = re.compile(r"stylegan2|gan_32$|lsun/wgan|celeba/sngan$")
"""Experiments that take over three seconds, and StyleGAN2's, which are alike."""
RUNS = [
    pytest.param(name, marks=pytest.mark.slow) if SLOW.search(name) else name
    for name in NAMES
    if not name.startswith("studies/")
]
CELLS = {
    f"{file.stem}-{cell.method}": cell
    for file in sorted((FOLDER / "studies").glob("*.yaml"))
    for cell in expand(reading.read(file))
}
"""The last cell of each method of each study."""
EVALUATIONS = {
    name: shlex.split(command)
    for name in NAMES
    for paragraph in (FOLDER / f"{name}.yaml").read_text().split("\n#\n")
    for command in re.findall(r"gan-zoo evaluate ([^`;)]+)", re.sub(r"\n#? *", " ", paragraph))
}
"""Arguments of the command `gan-zoo evaluate` in an experiment's header, by experiment."""
SMALL = ["--data.batch_size", "4", "--data.workers", "0", "--trainer.accelerator", "cpu"]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sets")


@pytest.fixture
def place(sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return `place(text)`, which makes small sets of the layouts that `text` names, in the test's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").symlink_to(sets)

    def make(text: str) -> None:
        for name in re.findall(r"\bdata/(\w+)", text):
            official.make(name, sets)

    return make


@pytest.mark.parametrize("name", RUNS)
def test_runs_for_a_step(name: str, place: Callable[[str], None], sets: Path, tmp_path: Path) -> None:
    """The data are a small set of the layout that it names. Scores that need a download are left out."""
    text = (FOLDER / f"{name}.yaml").read_text()
    place(text)
    scores = ["--evaluation.extractor", "null"] if "extractor: inception" in text else []
    if "adain" in name:  # with a random network in place of the downloaded one, and small pictures
        torch.save(torchvision.models.vgg16(weights=None).features.state_dict(), sets / "vgg16.pth")
        scores += ["--model.network", "vgg16", "--model.vgg_weights", str(sets / "vgg16.pth")]
        scores += ["--data.resolution", "40", "--data.crop", "32", "--grids.count", "4"]
    if "Pix2Pix" in text:  # narrower
        scores += ["--model.width", "4", "--model.discriminator_width", "4", "--grids.count", "6"]
    if "StarGAN" in text:  # narrower
        scores += ["--model.width", "8", "--model.discriminator_width", "8"]
    if "StyleGAN2" in text:  # narrower
        scores += ["--model.width", "4", "--model.stddev_group", "4", "--grids.count", "4"]
        scores += [] if "CIFAR10" in text else ["--data.resolution", "32"]
    elif "ProGAN" in text or "StyleGAN" in text:  # narrower, and at a resolution that the first grid takes no time for
        scores += ["--model.width", "4", "--model.batch_size", "[2]", "--data.resolution", "32", "--grids.count", "4"]
    if "CycleGAN" in text:  # narrower
        scores += ["--model.width", "4", "--model.discriminator_width", "4", "--grids.count", "6"]
    step(name, scores)
    assert {file.name for file in tmp_path.iterdir()} <= {"data", "cache"}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_studys_method_runs_for_a_step(cell: Cell, place: Callable[[str], None], tmp_path: Path) -> None:
    text = yaml.safe_dump(cell.config)
    place(text)
    (tmp_path / "cell.yaml").write_text(text)
    limit = ["--data.limit", "8"] if "limit: " in text else []  # the small sets have no 1,000 images
    step("cell.yaml", ["--evaluation.extractor", "null", *limit])
    assert {file.name for file in tmp_path.iterdir()} <= {"data", "cache", "cell.yaml"}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_the_evaluation_in_a_header_can_be_parsed(name: str) -> None:
    evaluation(name)


@pytest.mark.parametrize("name", ["cifar10/wgan_gp", "cifar10/wgan_gp_classes"])
def test_wgan_gp_on_cifar10_is_evaluated_as_in_its_program(name: str) -> None:
    """50,000 images with the statistics of each batch: Gulrajani 2017's program keeps no running statistics."""
    order = evaluation(name)
    assert (order.metrics, order.samples, order.batch_norm, order.labels) == (("is",), 50_000, "train", "uniform")


@pytest.mark.parametrize("name", ["celeba/dcgan", "lsun/dcgan"])
def test_the_options_for_dcgans_own_networks_have_their_parameters(name: str) -> None:
    """The counts are those of Newmu/dcgan_code for faces, which tests/networks/test_counts.py counts by hand."""
    text = (FOLDER / f"{name}.yaml").read_text()
    ((architecture, width),) = re.findall(r"--model.architecture (\w+)\s--model.width (\d+)", text)
    with torch.device("meta"):
        networks = pair(architecture, (3, 64, 64), int(width))
    assert [count(network) for network in networks] == [18_885_760, 17_232_768]


def test_the_header_names_the_options_of_wgan_gps_program_for_digits() -> None:
    """The program's networks have 1,554,177 and 1,030,145 parameters, and Adam's betas are 0.5 and 0.9."""
    text = re.sub(r"\n# ", " ", (FOLDER / "mnist/wgan_gp.yaml").read_text())
    ((architecture, width, betas),) = re.findall(
        r"--model.architecture (\w+) --model.width (\d+) --model.betas (\S+)\.", text
    )
    with torch.device("meta"):
        networks = pair(architecture, (1, 28, 28), int(width), latent_dim=128)
    assert ([count(network) for network in networks], betas) == ([1_554_177, 1_030_145], "[0.5,0.9]")


def evaluation(name: str) -> Order:
    """Return the evaluation that the header of the experiment `name` proposes."""
    parser = argparse.ArgumentParser()
    options.add(parser)
    return options.order(parser.parse_args(EVALUATIONS[name]))


def step(name: str, arguments: list[str]) -> None:
    """Run `gan-zoo fit` for one step of everything, which must succeed."""
    with pytest.raises(SystemExit) as exit:
        main(["fit", "-c", name, "--trainer.fast_dev_run", "true", *SMALL, *arguments])
    assert exit.value.code == 0
