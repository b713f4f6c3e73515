"""Every model, with every callback: 2N steps equal N steps, a stop, and N more, bit for bit.

The models and callbacks are found by listing their folders. A new model needs a row in `TOYS`. State that it keeps
between steps belongs into buffers, or into `on_save_checkpoint` if each process has its own.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from gan_zoo import callbacks, models
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.models.gan import GAN
from gan_zoo.module import GenerativeModule
from gan_zoo.training.trainer import Trainer
from tests.comparing import differences
from tests.drivers.toy import Toy

pytestmark = pytest.mark.slow  # three trainings of every model, 45 s in all

N = 8
"""Number of steps before the stop. It is not a multiple of the intervals below."""


def found(package: ModuleType, base: type) -> list[type]:
    """Return the classes that derive from `base` in the files of a package."""
    files = [file for folder in package.__path__ for file in sorted(Path(folder).glob("*.py"))]
    modules = [import_module(f"{package.__name__}.{file.stem}") for file in files if file.stem != "__init__"]
    classes = [value for module in modules for value in vars(module).values() if inspect.isclass(value)]
    derived = [kind for kind in classes if issubclass(kind, base) and kind is not base]
    return [kind for kind in dict.fromkeys(derived) if kind.__module__.startswith(package.__name__)]


@dataclass(frozen=True)
class Row:
    """Arguments that a model is tested with, beside `image_shape`, `num_classes` and `average_half_life`."""

    arguments: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Callable[[Path], None]] = field(default_factory=dict)
    """Arguments that are files, each with the function that writes it."""
    keys: tuple[str, ...] = ("image",)
    shape: tuple[int, int, int] = (1, 28, 28)
    extractor: str | None = "lenet"


def vgg16(file: Path) -> None:
    torch.manual_seed(0)
    torch.save(torchvision.models.vgg16(weights=None).features.state_dict(), file)


LABELS = {"names": ["a", "b", "c"], "kind": "classes", "exclusive": [["a", "b", "c"]]}
GROWING = {"latent_dim": 6, "width": 4, "stddev_group": 2, "batch_size": (8, 4), "learning_rate": (1e-3, 2e-3)}
GROWING |= {"stable_images": 24, "fade_images": 40}
"""After three steps the second resolution is faded in over ten; the stop at step `N` comes in the middle of that."""
TOYS = {
    "GAN": Row({"latent_dim": 6, "width": (8,), "n_critic": 2}),
    "DCGAN": Row({"latent_dim": 6, "width": 4}),
    "LSGAN": Row({"latent_dim": 6, "width": 4}),
    "WGAN": Row({"latent_dim": 6, "width": 4, "n_critic": 2, "warm_up": 3}),
    "WGANGP": Row({"latent_dim": 6, "width": 4, "n_critic": 2}),
    "SNGAN": Row({"latent_dim": 6, "architecture": "dcgan", "width": 4, "discriminator_width": 4, "n_critic": 2}),
    "ProGAN": Row({**GROWING, "first_resolution": 4}, shape=(3, 16, 16), extractor=None),
    "StyleGAN": Row({**GROWING, "first_resolution": 8, "mapping_layers": 2}, shape=(3, 16, 16), extractor=None),
    "StyleGAN2": Row(
        {
            **{"latent_dim": 6, "width": 4, "mapping_layers": 2, "stddev_group": 2, "conditional": True},
            **{"penalty_every": 3, "path_every": 5, "augment": "ada"},
        },
        keys=("image", "label"),
        shape=(3, 16, 16),
        extractor=None,
    ),
    "ACGAN": Row({"latent_dim": 6, "architecture": "dcgan", "width": 4}, keys=("image", "label")),
    "CGAN": Row({"latent_dim": 6, "widths": (8, 8, 8), "units": (4, 3, 4)}, keys=("image", "label")),
    "WGANGPWithClasses": Row(
        {"latent_dim": 6, "architecture": "dcgan", "width": 4, "n_critic": 2}, keys=("image", "label")
    ),
    "VAE": Row({"latent_dim": 6, "width": (8,)}),
    "StarGAN": Row(
        {"label_sets": (LABELS,), "width": 4, "blocks": 1, "discriminator_width": 4, "halvings": 2, "n_critic": 2},
        keys=("image", "label"),
        extractor=None,
    ),
    "CycleGAN": Row(
        {"width": 2, "blocks": 1, "discriminator_width": 2, "discriminator_layers": 1, "pool_size": 6},
        keys=("a", "b"),
        shape=(3, 16, 16),
        extractor=None,
    ),
    "Pix2Pix": Row(
        {"halvings": 6, "width": 2, "discriminator_width": 2, "discriminator_layers": 1},
        keys=("source", "target"),
        shape=(3, 64, 64),  # the smallest at which a level drops
        extractor=None,
    ),
    "AdaIN": Row({"network": "vgg16"}, {"vgg_weights": vgg16}, ("a", "b"), (3, 16, 16), extractor=None),
}
MODELS = found(models, GenerativeModule)
Train = Callable[..., tuple[Path, Any]]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Return a function that trains a model of `kind` in directory `name` to step `steps`, from where it stopped."""

    def call(kind: type[GenerativeModule], name: str, steps: int, precision: str = "32-true") -> tuple[Path, Trainer]:
        row = row_of(kind)
        for argument, write in row.files.items():
            if not (tmp_path / argument).exists():
                write(tmp_path / argument)
        data = Toy(keys=row.keys, shape=row.shape)
        trainer = Trainer(
            run=tmp_path / name,
            seed=2,
            max_steps=steps,
            log_every_n_steps=3,
            grids=Grids(every=5, count=4),
            evaluation=Evaluation(row.extractor, every=3, samples=32, share=1.0),
            checkpoints=Checkpoints(every=5, keep_every=6),
            accelerator="cpu",
            devices=1,
            precision=precision,
        )
        arguments = row.arguments | {argument: str(tmp_path / argument) for argument in row.files}
        parameters = inspect.signature(kind).parameters
        linked = {"image_shape": row.shape, "num_classes": data.num_classes, "average_half_life": 40}
        trainer.fit(kind(**arguments | {k: v for k, v in linked.items() if k in parameters}), data)
        return tmp_path / name, trainer

    return call


def row_of(kind: type) -> Row:
    owner = next((base.__name__ for base in kind.__mro__ if base.__name__ in TOYS), None)
    assert owner, f"tests/models/test_resume.py says nothing of {kind.__name__}: add a row to TOYS, so that it is tried"
    return TOYS[owner]


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_a_stopped_run_goes_on_as_if_it_had_not_been(kind: type[GenerativeModule], train: Train) -> None:
    whole, _ = train(kind, "whole", 2 * N)
    train(kind, "stopped", N)
    stopped, trainer = train(kind, "stopped", 2 * N)
    assert trainer.global_step == 2 * N
    assert not differences(whole, stopped)


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_every_model_trains_in_bf16(kind: type[GenerativeModule], train: Train) -> None:
    _, trainer = train(kind, "bf16", 3, precision="bf16-mixed")
    model = trainer.lightning_module
    assert trainer.global_step == 3
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in model.parameters())


def test_every_callback_takes_part(train: Train) -> None:
    """Without this, the test above could miss some."""
    _, trainer = train(GAN, "run", 1)
    present = [kind for callback in trainer.callbacks for kind in type(callback).__mro__]
    missing = set(found(callbacks, SessionCallback)) - set(present)
    assert not missing, "give the Trainer of this test what it needs to have them"


def test_every_file_of_a_model_is_looked_at() -> None:
    files = {file.stem for file in Path(models.__path__[0]).glob("*.py")} - {"__init__"}
    assert {"gan", "lsgan", "wgan", "wgan_gp"} <= files
    assert {kind.__module__.rpartition(".")[2] for kind in MODELS} <= files
    assert {kind.__name__ for kind in MODELS} >= {"GAN", "LSGAN", "WGAN", "WGANGP"}


class Forgetful(GAN):
    """A model with a state that changes its steps and is in no checkpoint."""

    calls = 0

    def take_step(self, minibatches: list[dict[str, torch.Tensor]]) -> None:
        self.calls += 1
        for parameter in self.generator.parameters():
            nn.init.constant_(parameter, 0.01 * self.calls)
        super().take_step(minibatches)


class Mindful(Forgetful):
    """The same model, with that state in a buffer."""

    def __init__(self, image_shape: tuple[int, int, int], **arguments: Any) -> None:
        super().__init__(image_shape, **arguments)
        self.register_buffer("kept", torch.zeros((), dtype=torch.int64))

    def take_step(self, minibatches: list[dict[str, torch.Tensor]]) -> None:
        self.calls = int(self.get_buffer("kept"))
        super().take_step(minibatches)
        self.get_buffer("kept").add_(1)


@pytest.mark.parametrize(("kind", "is_exact"), [(Forgetful, False), (Mindful, True)])
def test_a_model_that_forgets_is_found_out(kind: type[GenerativeModule], is_exact: bool, train: Train) -> None:
    whole, _ = train(kind, "whole", 2 * N)
    train(kind, "stopped", N)
    stopped, _ = train(kind, "stopped", 2 * N)
    assert (not differences(whole, stopped)) == is_exact
