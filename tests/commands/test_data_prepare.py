"""`gan-zoo data prepare`: it takes the data options of `fit`, and refuses mistakes in one line."""

from pathlib import Path

import pytest

from datamodules.cache import find
from datamodules.image_folder import ImageFolder
from tests.commands.conftest import Command, Refused
from tests.drivers.image_files import encoded, picture


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of six images of 20 x 16 pixels, of which the fourth is damaged."""
    monkeypatch.setenv("GAN_ZOO_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(encoded(picture(number, 20, 16)))
    (folder / "3.jpg").write_bytes((folder / "3.jpg").read_bytes()[:-80])
    return folder


def named(root: Path, resolution: int = 8) -> list[str]:
    return ["--data", "ImageFolder", "--data.root", str(root), "--data.resolution", str(resolution)]


@pytest.fixture
def mended(photographs: Path) -> Path:
    (photographs / "3.jpg").write_bytes(encoded(picture(3, 20, 16)))
    return photographs


@pytest.mark.parametrize("how", ["options", "file", "both"])
def test_data_are_named_as_for_fit(how, command: Command, mended, tmp_path):
    """The other sections of an experiment do not matter, not even a model that cannot be imported."""
    file = tmp_path / "x.yaml"
    size = 8 if how == "file" else 16
    file.write_text(
        "model: their.Model\ntrainer:\n  max_steps: 3\ndata:\n  class_path: ImageFolder\n"
        f"  init_args:\n    root: {mended}\n    resolution: {size}\n"
    )
    options = {"options": named(mended), "file": ["-c", file], "both": ["-c", file, "--data.resolution", "8"]}
    result = command("data", "prepare", *options[how])
    assert result.code == 0 and "6 images of 8 pixels are prepared" in result.out
    data = ImageFolder(str(mended), resolution=8)
    assert find(data.sources()["image"], data.square) is not None


@pytest.mark.parametrize("option", ["--skip-damaged", "--skip_damaged"])
def test_a_damaged_image_is_named_and_left_out_when_asked(command: Command, refused: Refused, photographs, option: str):
    assert f"{photographs}/3.jpg is damaged" in refused("data", "prepare", *named(photographs))
    result = command("data", "prepare", *named(photographs), option)
    assert result.code == 0 and "5 images of 8 pixels are prepared" in result.out
    assert f"Left out: {photographs}/3.jpg is damaged" in result.out


def test_training_stops_at_a_damaged_image_with_its_name(refused: Refused, photographs):
    model = ["--model", "GAN", "--model.architecture", "mlp", "--model.width", "[8]"]
    message = refused("fit", *model, *named(photographs), "--data.batch_size", "2", "--trainer.max_steps", "1")
    assert f"{photographs}/3.jpg is damaged" in message


def test_a_set_in_memory_needs_nothing(command: Command):
    result = command("data", "prepare", "--data", "MNIST")
    assert result.code == 0 and "nothing to prepare" in result.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "needs data: name an experiment"),
        (["--data", "ImageFoldr"], "did you mean ImageFolder?"),
        (["--data", "ImageFolder", "--data.rot", "x"], "did you mean root?"),
        (["--data", "ImageFolder", "--data.root", "/nowhere"], "/nowhere"),
        (["--skip-damage"], "--skip-damage"),
        (["-c", "nowhere"], "There is no file and no experiment nowhere"),
        (["-c"], "-c takes a path"),
    ],
)
def test_mistakes_are_one_line(arguments, says, refused: Refused):
    assert says in refused("data", "prepare", *arguments)


@pytest.mark.parametrize(("name", "says"), [("prepar", "did you mean prepare?"), ("x", "there are")])
def test_an_unknown_command_of_data_names_the_closest(name, says, refused: Refused):
    assert says in refused("data", name)


def test_help_lists_the_commands_of_data(command: Command):
    result = command("data")
    assert result.code == 0 and "  prepare " in result.out and result.out == command("data", "--help").out
