"""No file can run code: wherever a file can name a module, it names one that leaves a mark when it runs."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

import gan_zoo
from gan_zoo.errors import Mistake
from tests.commands.conftest import SMALL, Refused

IMPORTED = "from pathlib import Path\nPath({mark!r}).touch()\n"
CALLED = """
    from pathlib import Path

    from torchvision.models import resnet18


    def touch(*arguments, **options):
        Path({mark!r}).touch()


    def plain():
        Path({mark!r}).touch()


    def misleading() -> "Path":
        Path({mark!r}).touch()


    def unresolved() -> "Nowhere":
        Path({mark!r}).touch()


    class Model:
        __init__ = touch
"""
OURS = {"image_shape": [1, 8, 8], "width": [8], "architecture": "mlp"}


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that appears if code of the packages beside it has run: `trap` on import, `calls` when called."""
    mark = tmp_path / "boom"
    for package, text in {"trap": IMPORTED, "calls": dedent(CALLED)}.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(text.format(mark=str(mark)))
    monkeypatch.syspath_prepend(tmp_path)
    return mark


def model_file(file: Path, model: str, **hyperparameters: Any) -> Path:
    header = {"model": model, "hyperparameters": OURS | hyperparameters, "weights": "last", "seed": 0, "images": 0}
    save_file({"weight": torch.zeros(1)}, file, {"gan_zoo": json.dumps(header | {"step": 0})})
    return file


NAMED = {
    "trap.Model": "trap",
    "trap.nowhere.Model": "trap",
    "venv.__main__.X": "venv.__main__",
    "gan_zoo.__main__.X": "gan_zoo.__main__",
    "gan_zoo_evil.Model": "gan_zoo_evil",
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("suffix", ["safetensors", "ckpt"])
def test_a_weights_file_imports_no_module_of_its_own(
    name: str, suffix: str, mark: Path, refused: Refused, tmp_path: Path
) -> None:
    if suffix == "ckpt":
        made_by = {"seed": 0, "images": 0, "ledger": []}
        content = {"state_dict": {}, "hyper_parameters": OURS, "gan_zoo": made_by | {"model": name}}
        torch.save(content, tmp_path / "x.ckpt")
    else:
        model_file(tmp_path / "x.safetensors", name)
    message = refused("sample", f"x.{suffix}", "--out", "x.png")
    assert f"x.{suffix} names the module {name.rpartition('.')[0]}," in message
    assert f"--allow-module {NAMED[name]} " in message
    assert not mark.exists()


COMMANDS = (
    ["sample", "x.safetensors"],
    ["translate", "x.safetensors", "--images", "a.png"],
    ["stylize", "--content", "a.png", "--style", "a.png", "--method", "adain", "--run", "x.safetensors"],
)


def test_nor_by_a_hyperparameter(mark: Path, refused: Refused, tmp_path: Path) -> None:
    model_file(tmp_path / "x.safetensors", "gan_zoo.models.gan.GAN", generator_architecture="trap:generator")
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    for words in COMMANDS:
        assert "x.safetensors names the module trap," in refused(*words, "--out", "out.png")
    with pytest.raises(Mistake, match="names the module trap,"):
        gan_zoo.load(tmp_path / "x.safetensors")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("section", "name"), [("extractor", "trap:main"), ("extractor", "cProfile:main"), ("data", "trap.Data")]
)
def test_a_run_that_is_scored_imports_no_module_of_its_own(
    section: str, name: str, mark: Path, refused: Refused, run: Path, tmp_path: Path
) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"] = {"class_path": "datamodules.mnist.MNIST", "init_args": {}}
    if section == "data":
        config["data"]["class_path"] = name
    else:
        config["evaluation"]["extractor"] = name
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    module = name.replace(":", ".").rpartition(".")[0]
    assert f"x/config.yaml names the module {module}," in refused("evaluate", "x", "--samples", 4)
    if section == "data":
        (tmp_path / "fakes").mkdir()
        Image.new("L", (28, 28)).save(tmp_path / "fakes" / "a.png")
        message = refused("evaluate", "--fake", "fakes", "--real", "x", "--extractor", "lenet")
        assert "x/config.yaml names the module trap," in message
    assert not mark.exists()


def test_an_allowed_module_is_imported(mark: Path, refused: Refused, tmp_path: Path) -> None:
    model_file(tmp_path / "x.safetensors", "trap.Model")
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    for words in COMMANDS:
        allowed = ["--allow-module", "other", "--allow-module", "trap"]
        assert "trap has no Model" in refused(*words, *allowed, "--out", "out.png")
    assert mark.exists()
    with pytest.raises(Mistake, match="trap has no Model"):
        gan_zoo.load(tmp_path / "x.safetensors", allow_modules=("trap",))


@pytest.mark.parametrize("name", ["gan_zoo.errors.Mistake", "gan_zoo.models.gan.torch.nn.Linear", "gan_zoo.run.json"])
def test_of_our_modules_a_file_gets_models_alone(name: str, refused: Refused, tmp_path: Path) -> None:
    model_file(tmp_path / "x.safetensors", name)
    assert name in refused("sample", "x.safetensors", "--out", "x.png")


OBJECTS = {
    ("--evaluation.extractor", "calls:plain"): "must derive from gan_zoo.metrics.extractors.Extractor",
    ("--evaluation.extractor", "calls:misleading"): "annotated as returning one",
    ("--evaluation.extractor", "calls:unresolved"): "annotated as returning one",
    ("--evaluation.extractor", "cProfile:main"): "annotated as returning one",
    ("--evaluation.extractor", "calls:resnet18"): "is defined in torchvision.models",
    ("--evaluation.metrics+", "calls:plain"): "must derive from torchmetrics.Metric",
    ("--model.generator_architecture", "calls:plain"): "takes image_shape, latent_dim and width",
    ("--model.discriminator_architecture", "calls:Model"): "takes image_shape, width and norm",
}


@pytest.mark.parametrize(("option", "name"), OBJECTS)
def test_what_a_configuration_names_is_looked_at_before_it_is_called(
    option: str, name: str, mark: Path, refused: Refused, tmp_path: Path
) -> None:
    section, key = option.strip("-+").split(".")
    config: dict[str, Any] = {section: {key: [name] if option.endswith("+") else name}}
    if section == "model":
        config = {"model": {"class_path": "GAN", "init_args": {key: name}}}
    config.setdefault("evaluation", {}).setdefault("samples", 4)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    model = [] if section == "model" else ["--model", "GAN"]
    words = ["fit", "-c", "c.yaml", *model, *SMALL, "--trainer.max_steps", 1, "--run", "r"]
    if section != "evaluation":
        words += ["--evaluation.extractor", "null"]
    elif key == "metrics":
        words += ["--evaluation.extractor", "tests.drivers.scripted:Pixels"]
    assert OBJECTS[option, name] in refused(*words)
    assert not mark.exists()


def test_a_class_that_is_no_model_is_not_made(mark: Path, refused: Refused) -> None:
    assert "calls.Model" in refused("fit", "--model", "calls.Model", *SMALL, "--trainer.max_steps", 1, "--run", "r")
    assert not mark.exists()
