"""The script that trains an attribute classifier, and the file that it writes."""

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
    """Images in CelebA's layout: smiling ones are bright, male ones are red, and young ones cannot be told."""
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


def test_visible_attributes_are_learnt_and_others_are_not(file):
    """20 images are held out. Guessing reaches 17 correct ones of 20 once in 800 trials."""
    worths = {entry.name: entry for entry in read(file).worth}
    assert list(worths) == ["Smiling", "Male", "Young"]
    assert worths["Smiling"].accuracy >= 0.95 and worths["Male"].accuracy >= 0.95
    assert worths["Young"].accuracy < 0.85


def test_the_file_restores_the_network(file, faces):
    network = read(file)
    assert network.names == ("Smiling", "Male", "Young") and network.resolution == 16
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    grey = torch.full((1, 3, 16, 16), 2 * 200 / 255 - 1)
    assert network(grey)[0, 0] > 0 > network(grey)[0, 1], "bright, and not red"
    assert_close(
        network(grey), network(torch.full((1, 3, 40, 40), 2 * 200 / 255 - 1)), msg="images of any size are resized"
    )


def test_worth_equals_a_count_by_hand():
    """A network that always sees the attribute is right exactly on the images that have it."""
    network = AttributeNet(("Smiling",), resolution=16)
    torch.nn.init.zeros_(network.head.weight)
    torch.nn.init.ones_(network.head.bias)
    label = torch.tensor([[1.0], [0], [0], [1], [1]])
    faces = InMemory("five", image=torch.zeros(5, 3, 16, 16, dtype=torch.uint8), label=label)
    assert worth(network, faces, np.arange(5)) == (Worth("Smiling", 0.6, 1.0, 0.0),)
    assert worth(network, faces, np.arange(4)) == (Worth("Smiling", 0.5, 1.0, 0.0),)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--attributes", "smiling"], "no attribute smiling: did you mean Smiling"),
        (["--attributes", "Smiling", "--centre_crop", "500"], "centre_crop is 500"),
        (["--attributes", "Smiling", "--resolution", "15"], "--resolution is 15: the network halves it so often"),
    ],
)
def test_mistakes_end_in_one_line(faces, tmp_path, options, message, capsys):
    assert main(["--root", str(faces), *options, "--out", str(tmp_path / "x")]) == 2
    output = capsys.readouterr().out
    assert message in output and output.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_reported_before_training(faces, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    out = tmp_path / "file" / "below" / "x"
    assert main(["--root", str(faces), "--attributes", "Smiling", "--out", str(out)]) == 2
    assert "its folder cannot be made" in capsys.readouterr().out


def test_another_file_is_refused(tmp_path):
    (tmp_path / "x").write_text("no")
    for name in ("x", "none"):
        with pytest.raises(Mistake, match=r"holds no attribute classifier .*train_attributes --help"):
            read(tmp_path / name)
