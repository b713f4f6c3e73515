"""`gan-zoo evaluate` on a run of AdaIN."""

from pathlib import Path

import pytest
from PIL import Image

from datamodules.unpaired import Unpaired
from gan_zoo.models.adain import AdaIN
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import Command, Refused
from tests.metrics.test_stylized import CONTENTS, STYLES, noise
from tests.metrics.test_stylized import weights as weights

pytestmark = pytest.mark.slow  # a training step of a VGG


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, weights: str) -> Path:
    folder = tmp_path_factory.mktemp("stylized")
    for name, count in (("trainA", 4), ("trainB", 2), ("testA", CONTENTS), ("testB", STYLES)):
        (folder / name).mkdir()
        for i, image in enumerate(noise(count, len(name) + count)):
            Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / name / f"{i}.png")
    data = Unpaired(f"{folder}/{{split}}A", f"{folder}/{{split}}B", resolution=16, crop=0, batch_size=2, workers=0)
    model = AdaIN(network="vgg16", vgg_weights=weights)
    Trainer(run=folder / "run", max_steps=1, accelerator="cpu", enable_progress_bar=False).fit(model, data)
    return folder / "run"


def test_a_run_is_scored_on_its_test_images(run: Path, command: Command) -> None:
    result = command("evaluate", run, "--split", "test", "--extractor", "tests.drivers.scripted:Colours")
    assert result.code == 0, result
    recorded = {line["metric"]: line for line in lines(Run(run).evaluations_file)}
    expected = {f"{name}_vgg16_12" for name in ("style_distance", "style_share", "content_distance", "content_share")}
    assert set(recorded) == expected | {"fd_colours_12", "art_fd_colours_12"}
    assert all(f"{name} " in result.out for name in recorded)
    assert recorded["style_share_vgg16_12"]["protocol"]["split"] == "test"


@pytest.mark.parametrize("more", [("--per-class",), ("--truncation", "0.5"), ("--baseline",), ("--real-samples", "2")])
def test_options_of_other_models_are_refused(run: Path, refused: Refused, more: tuple[str, ...]) -> None:
    assert more[0] in refused("evaluate", run, "--extractor", "tests.drivers.scripted:Colours", *more)
