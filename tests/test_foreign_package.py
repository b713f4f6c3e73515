"""A user's own package with a model, networks, data, a metric and an extractor, while no file of ours is edited."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from gan_zoo.run.files import lines

pytestmark = pytest.mark.slow  # processes that import torch, about 40 s

PACKAGE = {
    "__init__.py": "",
    "model.py": '''
        from torch.optim import SGD

        from gan_zoo import losses
        from gan_zoo.adversarial import AdversarialModule
        from theirs import nets


        class Hinge(AdversarialModule):
            """A model of theirs.

            Args:
                image_shape: Shape of the images.
                width: Number of hidden units.
            """

            def __init__(self, image_shape: tuple[int, int, int], width: int = 8) -> None:
                super().__init__()
                self.save_hyperparameters()
                self.latent_dim, self.n_critic = 4, 2
                self.generator = nets.generator(image_shape=image_shape, latent_dim=4, width=width)
                self.discriminator = nets.discriminator(image_shape=image_shape, width=width, norm="none")

            def discriminator_loss(self, batch):
                real, fake = batch["image"], self(self.latents(len(batch["image"]))).detach()
                return {"discriminator/hinge": (1 - self.discriminator(real)).relu().mean()
                        + (1 + self.discriminator(fake)).relu().mean()}

            def generator_loss(self, batch):
                fake = self(self.latents(len(batch["image"])))
                return {"generator/hinge": losses.wasserstein_generator(fake=self.discriminator(fake))}

            def configure_optimizers(self):
                return SGD(self.generator.parameters(), 0.1), SGD(self.discriminator.parameters(), 0.1)
    ''',
    "nets.py": """
        from math import prod

        from torch import nn


        def generator(image_shape, latent_dim, width):
            return nn.Sequential(
                nn.Linear(latent_dim, width), nn.ReLU(),
                nn.Linear(width, prod(image_shape)), nn.Tanh(), nn.Unflatten(1, image_shape),
            )


        def discriminator(image_shape, width, norm):
            return nn.Sequential(
                nn.Flatten(), nn.Linear(prod(image_shape), width), nn.ReLU(), nn.Linear(width, 1), nn.Flatten(0)
            )
    """,
    "data.py": '''
        import lightning.pytorch as L
        import torch
        from torch.utils.data import DataLoader

        from datamodules.stream import InMemory, StreamedData


        def squares(count: int) -> torch.Tensor:
            return torch.arange(count * 3 * 6 * 6).view(count, 3, 6, 6).remainder(256).to(torch.uint8)


        class Squares(StreamedData):
            """Data of theirs.

            Args:
                count: Number of images.
                batch_size: Images per mini-batch.
            """

            image_shape = (3, 6, 6)

            def __init__(self, count: int = 32, batch_size: int = 4) -> None:
                super().__init__(batch_size)
                self.save_hyperparameters()
                self.count = count

            def setup(self, stage: str) -> None:
                self.images = InMemory(f"squares_{self.count}", image=squares(self.count))


        class Plain(L.LightningDataModule):
            """Data of theirs that knows nothing of ours."""

            image_shape = (3, 6, 6)
            num_classes = 0

            def __init__(self) -> None:
                super().__init__()
                self.save_hyperparameters()

            def train_dataloader(self):
                return DataLoader([{"image": image} for image in squares(30)], batch_size=4, shuffle=True)
    ''',
    "scores.py": '''
        import torch
        from torchmetrics import Metric

        from gan_zoo import images
        from gan_zoo.metrics.extractors import Extractor


        class MeanGap(Metric):
            """Distance between the means of the features."""

            def __init__(self, features: int) -> None:
                super().__init__()
                self.add_state("sums", torch.zeros(2, features), dist_reduce_fx="sum")
                self.add_state("counts", torch.zeros(2), dist_reduce_fx="sum")

            def update(self, features: torch.Tensor, real: bool) -> None:
                self.sums[int(real)] += features.sum(0)
                self.counts[int(real)] += len(features)

            def compute(self) -> torch.Tensor:
                fake, real = self.sums / self.counts[:, None]
                return (fake - real).norm()


        class Colours(Extractor):
            """The mean of each channel."""

            name, features = "colours", 3

            def forward(self, image: torch.Tensor) -> torch.Tensor:
                return images.to_float(image).mean((2, 3))


        def colours() -> Colours:
            return Colours()
    ''',
}
SCORES = ["--extractor", "theirs.scores:colours", "--metrics", "fd", "theirs.scores:MeanGap", "--samples", "16"]
SHORT = ["--trainer.max_steps", "3", "--trainer.log_every_n_steps", "1", "--grids.count", "4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that contains their package, in which everything is run."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name, text in PACKAGE.items():
        (folder / "theirs").mkdir(exist_ok=True)
        (folder / "theirs" / name).write_text(dedent(text))
    return folder


def python(folder: Path, *arguments: str) -> str:
    """Return the output of a Python process in `folder`, which must succeed without a warning."""
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


def gan_zoo(folder: Path, *arguments: str) -> str:
    return python(folder, "-m", "gan_zoo", *arguments)


def record(run: Path) -> dict[str, Any]:
    return json.loads((run / "run.json").read_text())


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    """Return a run from their YAML: their model on their data, scored by their metric in their features."""
    config = {
        "model": {"class_path": "theirs.model.Hinge", "init_args": {"width": 16}},
        "data": {"class_path": "theirs.data.Squares", "init_args": {"batch_size": 5}},
        "evaluation": {
            "extractor": "theirs.scores:colours",
            "metrics": ["theirs.scores:MeanGap", "fd"],
            "samples": 16,
            "every": 0,
        },
    }
    (folder / "ours.yaml").write_text(yaml.safe_dump(config))
    gan_zoo(folder, "fit", "-c", "ours.yaml", "--run", "runs/yaml", *SHORT)
    return folder / "runs" / "yaml"


def test_a_yaml_of_theirs_trains(run: Path) -> None:
    assert record(run)["status"] == "finished" and record(run)["model"] == "Hinge"
    last = list(lines(run / "metrics.jsonl"))[-1]
    assert last["step"] == 3 and last["images"] == 3 * 2 * 5
    assert {"discriminator/hinge", "generator/hinge"} <= last.keys()


def test_their_metric_scores_in_their_features_while_training(run: Path) -> None:
    scores = [(line["step"], line["metric"]) for line in lines(run / "evaluations.jsonl")]
    assert scores == [(step, name) for step in (0, 3) for name in ("theirs.scores:MeanGap_colours_16", "fd_colours_16")]


def test_evaluate_takes_their_metric_and_extractor(folder: Path, run: Path) -> None:
    printed = gan_zoo(folder, "evaluate", str(run), *SCORES)
    values = dict(line.split()[:2] for line in printed.splitlines())
    assert values.keys() == {"fd_colours_16", "theirs.scores:MeanGap_colours_16"}
    trained = {line["metric"]: line["value"] for line in lines(run / "evaluations.jsonl") if line["step"] == 3}
    assert {name: f"{value:.6g}" for name, value in trained.items()} == values


def test_evaluate_takes_the_metric_of_the_run_if_its_module_is_allowed(folder: Path, run: Path) -> None:
    printed = gan_zoo(folder, "evaluate", str(run), "--samples", "16", "--allow-module", "theirs")
    assert printed.startswith("fd_colours_16 ")


def test_load_gives_their_model(folder: Path, run: Path) -> None:
    code = "import sys, gan_zoo; model = gan_zoo.load(sys.argv[1], allow_modules=('theirs',)); "
    code += "print(type(model), *model.sample(2).shape)"
    expected = "<class 'theirs.model.Hinge'> 2 3 6 6\n"
    assert python(folder, "-c", code, str(run)) == expected
    assert python(folder, "-c", code, str(run / "checkpoints" / "last.ckpt")) == expected


def test_dotted_paths_on_the_command_line(folder: Path) -> None:
    model = ["--model", "theirs.model.Hinge", "--model.width", "6"]
    data = ["--data", "theirs.data.Squares", "--data.count", "24"]
    scores = ["--evaluation.extractor", "theirs.scores:colours", "--evaluation.samples", "16"]
    gan_zoo(folder, "fit", *model, *data, *scores, "--run", "runs/line", *SHORT)
    run = folder / "runs" / "line"
    assert record(run)["status"] == "finished"
    assert [line["protocol"]["data"] for line in lines(run / "evaluations.jsonl")] == ["squares_24", "squares_24"]
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["model"] == {
        "class_path": "theirs.model.Hinge", "init_args": {"image_shape": [3, 6, 6], "width": 6}
    }  # fmt: skip


def test_their_networks_in_our_model_on_plain_loaders(folder: Path) -> None:
    networks = ["--model.generator_architecture", "theirs.nets:generator", "--model.width", "6"]
    networks += ["--model.discriminator_architecture", "theirs.nets:discriminator"]
    steps = ["--model.n_critic", "2", "--trainer.max_steps", "10", "--trainer.log_every_n_steps", "5"]
    gan_zoo(folder, "fit", "--model", "WGANGP", *networks, *steps, "--data", "theirs.data.Plain", "--run", "runs/plain")
    run = folder / "runs" / "plain"
    assert record(run)["status"] == "finished" and record(run)["data"] == "Plain"
    shown = [(line["step"], line["images"]) for line in lines(run / "metrics.jsonl")]
    # A batch is a step and is split among the critic's updates. The eighth batch holds two images.
    assert shown == [(5, 20), (10, 38)]
    assert not (run / "evaluations.jsonl").exists()
