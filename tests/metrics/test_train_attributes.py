"""The script that trains a classifier of attributes, and the file that it writes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from datamodules.images import InMemory
from gan_zoo.errors import Mistake
from gan_zoo.metrics.attributes import AttributeNet, Worth, read
from gan_zoo.metrics.train_attributes import main, worth
from tests.drivers.image_files import write

COUNT = 200


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CelebA's layout: who smiles is bright, who is male is red, and who is young cannot be seen."""
    root, draw = tmp_path_factory.mktemp("celeba"), np.random.default_rng(0)
    rows = draw.integers(0, 2, (COUNT, 3))
    for number, (smiling, male, _) in enumerate(rows, start=1):
        colour = (80 + 80 * smiling + 60 * male, 80 + 80 * smiling, 80 + 80 * smiling)
        noisy = np.clip(np.array(colour) + draw.normal(0, 5, (27, 22, 3)), 0, 255).astype(np.uint8)
        write(root / "img_align_celeba" / f"{number:06}.png", Image.fromarray(noisy))
    lines = [f"{number:06}.png {' '.join(map(str, 2 * row - 1))}" for number, row in enumerate(rows, start=1)]
    (root / "list_attr_celeba.txt").write_text("\n".join([str(COUNT), "Smiling Male Young", *lines, ""]))
    return root


@pytest.fixture(scope="module")
def file(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "faces.safetensors"
    options = ["--attributes", "Smiling", "Male", "Young", "--resolution", "16", "--passes", "40"]
    assert main(["--root", str(faces), *options, "--out", str(out)]) == 0
    return out


def test_what_can_be_seen_is_learnt_and_what_cannot_is_not(file):
    """Of the last 20 images, which were held out; a coin falls on the same side 17 times of 20 once in 800 trials."""
    found = {one.name: one for one in read(file).worth}
    assert list(found) == ["Smiling", "Male", "Young"]
    assert found["Smiling"].accuracy >= 0.95 and found["Male"].accuracy >= 0.95
    assert found["Young"].accuracy < 0.85


def test_file_gives_the_network_back(file, faces):
    network = read(file)
    assert network.names == ("Smiling", "Male", "Young") and network.resolution == 16
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    grey = torch.full((1, 3, 16, 16), 2 * 200 / 255 - 1)
    assert network(grey)[0, 0] > 0 > network(grey)[0, 1], "bright, and not red"
    assert_close(network(grey), network(torch.full((1, 3, 40, 40), 2 * 200 / 255 - 1)), msg="of any size")


def test_worth_is_counted_by_hand():
    """A network that sees the attribute everywhere is right about those that have it, and no other."""
    network = AttributeNet(("Smiling",), resolution=16)
    torch.nn.init.zeros_(network.head.weight)
    torch.nn.init.ones_(network.head.bias)
    label = torch.tensor([[1.0], [0], [0], [1], [1]])
    shown = InMemory("five", image=torch.zeros(5, 3, 16, 16, dtype=torch.uint8), label=label)
    assert worth(network, shown, np.arange(5)) == (Worth("Smiling", 0.6, 1.0, 0.0),)
    assert worth(network, shown, np.arange(4)) == (Worth("Smiling", 0.5, 1.0, 0.0),)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--attributes", "smiling"], "no attribute smiling: did you mean Smiling"),
        (["--attributes", "Smiling", "--centre_crop", "500"], "centre_crop is 500"),
        (["--attributes", "Smiling", "--resolution", "15"], "--resolution is 15: the network halves it so often"),
    ],
)
def test_mistakes_end_in_one_line(faces, tmp_path, options, says, capsys):
    assert main(["--root", str(faces), *options, "--out", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().out
    assert says in said and said.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_said_before_the_training(faces, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    out = tmp_path / "file" / "below" / "x"
    assert main(["--root", str(faces), "--attributes", "Smiling", "--out", str(out)]) == 2
    assert "its folder cannot be made" in capsys.readouterr().out


def test_another_file_is_refused(tmp_path):
    (tmp_path / "x").write_text("no")
    for name in ("x", "none"):
        with pytest.raises(Mistake, match=r"holds no attribute classifier .*train_attributes --help"):
            read(tmp_path / name)
