"""`gan-zoo translate` on real files, with small runs of all models that translate, and with bad input."""

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from datamodules.images import InMemory
from datamodules.labels import LabelSet
from datamodules.stream import StreamedData
from gan_zoo import images, tiles
from gan_zoo.callbacks.checkpoints import Checkpoints, write_generator
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.commands import image_files
from gan_zoo.commands.translate import square
from gan_zoo.errors import Mistake
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.models.pix2pix import Pix2Pix
from gan_zoo.models.stargan import StarGAN
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.training import loading
from gan_zoo.training.trainer import Trainer
from tests.commands.conftest import command as command
from tests.commands.conftest import refused as refused
from tests.comparing import contents
from tests.drivers.image_files import picture, write

HAIR = LabelSet(names=["Black_Hair", "Blond_Hair", "Male"], kind="attributes", exclusive=[["Black_Hair", "Blond_Hair"]])
MOODS = LabelSet(names=["angry", "happy"], kind="classes", exclusive=[["angry", "happy"]])


class Faces(StreamedData):
    """A data module of noise, with the labels of both sets."""

    def __init__(self) -> None:
        super().__init__(4)
        self.save_hyperparameters()
        self.image_shape = (3, 16, 16)

    def setup(self, stage: str) -> None:
        draw = torch.Generator().manual_seed(0)
        noise = torch.randint(0, 256, (40, 3, 16, 16), dtype=torch.uint8, generator=draw)
        label = torch.randint(0, 2, (40, 5), generator=draw).float()
        self.images = InMemory("faces", image=noise, label=label, domain=torch.arange(40) % 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of at most one step, and with images of several sizes and kinds."""
    folder = tmp_path_factory.mktemp("translating")
    for name, mode, size in (("a.png", "RGB", (30, 24)), ("b.jpg", "L", (24, 24)), ("c.png", "RGBA", (41, 33))):
        write(folder / "faces" / name, picture(len(name), *size).convert(mode))
    (folder / "faces" / "notes.txt").write_text("no image")
    write(folder / "small.png", picture(0, 2, 9))
    write(folder / "tiny.png", picture(0, 3, 9))
    (folder / "empty").mkdir()
    (folder / "damaged.png").write_bytes((folder / "faces" / "a.png").read_bytes()[:60])
    shape: Any = (3, 16, 16)
    torch.manual_seed(0)
    narrow: dict[str, Any] = {"width": 4, "discriminator_width": 4}
    untrained = {
        "pairs": Pix2Pix(shape, halvings=4, discriminator_layers=1, **narrow),
        "dropping": Pix2Pix((3, 64, 64), halvings=6, discriminator_layers=1, **narrow),  # fewer have no dropout
        "monet": CycleGAN(shape, blocks=1, discriminator_layers=1, **narrow),
        "cezanne": CycleGAN(shape, blocks=1, discriminator_layers=1, **narrow),
        "digits": WGANGP(shape, width=4),
    }
    for name, model in untrained.items():
        (folder / "runs" / name).mkdir(parents=True)
        for parameter in model.generator.parameters():
            torch.nn.init.normal_(parameter, std=0.3)  # untrained networks paint everything grey
        write_generator(folder / "runs" / name / "model.safetensors", model, step=1)
    quiet: dict[str, Any] = {"accelerator": "cpu", "enable_progress_bar": False, "evaluation": Evaluation(None)}
    model = StarGAN(shape, (HAIR, MOODS), blocks=1, halvings=3, **narrow)
    trainer = Trainer(run=folder / "runs" / "star", max_steps=1, checkpoints=Checkpoints(every=1), **quiet)
    trainer.fit(model, Faces())
    return folder


@pytest.fixture
def inside(folder, command, monkeypatch):
    monkeypatch.chdir(folder)

    def call(*arguments: object) -> str:
        result = command("translate", *arguments)
        assert result.code == 0, result
        return result.out

    return call


def size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


@pytest.mark.parametrize("run", ["pairs", "monet"])
def test_a_folder_keeps_names_and_sizes(run, inside, tmp_path):
    """RGB, grey and RGBA images of sizes that no network can halve, and a file that is no image and is skipped."""
    inside(f"runs/{run}", "--images", "faces", "--out", tmp_path / "out")
    sizes = {file.name: size(file) for file in (tmp_path / "out").iterdir()}
    assert sizes == {"a.png": (30, 24), "b.jpg": (24, 24), "c.png": (41, 33)}


def test_what_is_written_is_the_models_translation_cut_to_the_images_size(inside, tmp_path):
    """41 x 33 pixels are mirrored to 44 x 36. The result equals the model's, up to rounding to grey levels."""
    for direction in ("a2b", "b2a"):
        inside("runs/monet", "--images", "faces/c.png", "--out", tmp_path / "c.png", "--direction", direction)
        model = loading.load("runs/monet")
        assert isinstance(model, CycleGAN)
        padded = F.pad(image_files.read(Path("faces/c.png")), (0, 3, 0, 3), mode="reflect")
        wanted = model.translate(padded, direction)[:, :, :33, :41]
        assert torch.equal(image_files.read(tmp_path / "c.png"), images.to_float(images.to_uint8(wanted)))


def test_an_image_of_a_folder_is_the_same_alone_but_for_the_draws_that_its_number_decides(inside, tmp_path):
    """CycleGAN draws no random numbers. Pix2pix's dropout depends on the seed and the image's number in the folder."""
    for run in ("monet", "dropping"):
        inside(f"runs/{run}", "--images", "faces", "--out", tmp_path / run, "--size", 64)
        inside(f"runs/{run}", "--images", "faces/a.png", "--out", tmp_path / f"{run}.png", "--size", 64)
        assert torch.equal(image_files.read(tmp_path / run / "a.png"), image_files.read(tmp_path / f"{run}.png"))
    inside("runs/dropping", "--images", "faces/a.png", "--out", tmp_path / "other.png", "--size", 64, "--seed", 1)
    assert not torch.equal(image_files.read(tmp_path / "other.png"), image_files.read(tmp_path / "dropping.png"))


def test_a_size_is_of_the_shorter_side(inside, tmp_path):
    inside("runs/monet", "--images", "faces/a.png", "--out", tmp_path / "a.png", "--size", 32)
    assert size(tmp_path / "a.png") == (40, 32)


def test_an_image_that_is_translated_in_tiles_is_said_to_be(inside, tmp_path, monkeypatch):
    """The result keeps the size of the image, and smaller images in the same folder are not mentioned."""
    for name, value in (("WHOLE", 800), ("CORE", 16), ("OVERLAP", 8)):
        monkeypatch.setattr(tiles, name, value)
    result = inside("runs/monet", "--images", "faces", "--out", tmp_path / "out")
    assert "c.png: 9 tiles" in result and "a.png" not in result
    assert size(tmp_path / "out" / "c.png") == (41, 33)


def test_several_runs_are_one_strip_an_image(inside, tmp_path):
    """A row has three cells, enlarged from 16 to 112 pixels. The second and third are the results of the runs."""
    result = inside("runs/monet", "runs/cezanne", "--images", "faces", "--out", tmp_path / "strip.png")
    assert "3 image(s), 2 translation(s) of each" in result
    with Image.open(tmp_path / "strip.png") as sheet:
        assert sheet.width == 3 * (112 + 8) + 8
        cells = [sheet.crop((8 + at * 120, 8, 120 + at * 120, 120)).resize((16, 16), Image.Resampling.NEAREST)
                 for at in range(3)]  # fmt: skip
    seen = [torch.from_numpy(np.array(cell.convert("RGB"))).permute(2, 0, 1)[None] for cell in cells]
    face = square(image_files.read(Path("faces/a.png")), 16)
    assert torch.equal(seen[0], images.to_uint8(face))
    for run, cell in zip(("monet", "cezanne"), seen[1:], strict=True):
        model = loading.load(f"runs/{run}")
        assert isinstance(model, CycleGAN)
        assert torch.equal(cell, images.to_uint8(model.translate(face)))
    assert (seen[1] != seen[2]).any()


def test_stargan_shows_a_face_a_row_and_every_label(inside, tmp_path):
    inside("runs/star", "--images", "faces", "--out", tmp_path / "sheets")
    width, height = size(tmp_path / "sheets" / "sheet.png")
    assert width == 6 * 120 + 8, "the face, three attributes, two classes"
    assert height > 3 * 112


def test_stargan_gives_the_requested_labels_and_keeps_those_that_its_discriminator_reads(inside, tmp_path):
    model = loading.load("runs/star/checkpoints/last.ckpt")
    assert isinstance(model, StarGAN)
    face = image_files.read(Path("faces/b.jpg"))
    read = model.read(face)
    for to, hair, male in (
        ("Male", None, 1),
        ("not_Male", None, 0),
        ("Blond_Hair,Male", (0.0, 1.0), 1),
        ("not_Blond_Hair,Black_Hair", (1.0, 0.0), None),
        ("not_Black_Hair,not_Blond_Hair", (0.0, 0.0), None),
    ):
        inside("runs/star", "--images", "faces/b.jpg", "--out", tmp_path / "b.png", "--to", to)
        label = read.clone()
        if hair is not None:
            label[:, :2] = torch.tensor(hair)
        if male is not None:
            label[:, 2] = male
        wanted = images.to_uint8(model.translate(face, label))
        assert torch.equal(image_files.read(tmp_path / "b.png"), images.to_float(wanted))
    inside("runs/star", "--images", "faces/b.jpg", "--out", tmp_path / "b.png", "--domain", "happy")
    wanted = images.to_uint8(model.translate(face, torch.tensor([[0.0, 0, 0, 0, 1]]), domain=1))
    assert torch.equal(image_files.read(tmp_path / "b.png"), images.to_float(wanted))


def test_a_generator_alone_reads_no_attributes(folder):
    model = loading.load(folder / "runs" / "star")
    assert isinstance(model, StarGAN)
    with pytest.raises(Mistake, match=r"loaded from its generator alone.*checkpoints/last.ckpt"):
        model.follow(model.routes[0], {"image": torch.zeros(1, 3, 16, 16)})


def test_the_commands_of_the_page_work(folder, inside, monkeypatch, tmp_path):
    """They run on small pictures, with runs of the names on the page."""
    page = (Path(__file__).parents[2] / "docs" / "translation.md").read_text()
    commands = re.findall(r"^gan-zoo translate (.+)$", page, re.MULTILINE)
    assert len(commands) == 5
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    named = {"facades": "pairs", "horse2zebra": "monet", "celeba": "star", "monet": "monet", "cezanne": "cezanne"}
    for name, run in named.items():
        (tmp_path / "runs" / name).symlink_to(folder / "runs" / run)
    for name, kept in (("maps", "faces"), ("faces", "faces"), ("photo.jpg", "faces/b.jpg")):
        (tmp_path / name).symlink_to(folder / kept)
    for line in commands:
        inside(*shlex.split(line))
    assert len(list((tmp_path / "photographs").iterdir())) == len(list((tmp_path / "changed").iterdir())) == 3
    assert size(tmp_path / "horse.png") == (24, 24) and size(tmp_path / "painters.png")[0] == 3 * 120 + 8


OVER = [
    (["faces"], "faces"),
    (["faces/a.png"], "faces/a.png"),
    (["faces/a.png", "faces/b.jpg"], "faces"),
    (["faces/a.png"], "faces/c.png"),
    (["faces", "--grid"], "faces/c.png"),
    (["runs/star/images/step_00000000.png"], "runs/star/images"),
]


@pytest.mark.parametrize(("names", "out"), OVER)
def test_originals_and_runs_are_never_replaced(names, out, folder, refused, monkeypatch):
    monkeypatch.chdir(folder)
    before = contents(folder)
    assert "--out would " in refused("translate", "runs/monet", "--images", *names, "--out", out)
    assert contents(folder) == before


def test_a_translation_is_replaced_by_the_next_but_not_by_its_own(inside, refused, tmp_path):
    for more in ([], ["--grid"]):
        for _ in range(2):
            inside("runs/monet", "--images", "faces/a.png", "--out", tmp_path / "a.png", *more)
    again = ["translate", "runs/monet", "--images", tmp_path / "a.png", "--out", tmp_path / "a.png"]
    assert "which is read here" in refused(*again)


ONE = ["--images", "faces/a.png", "--out", "o.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs/star", *ONE, "--to", "Bald"], "no label Bald: there are Black_Hair, Blond_Hair, Male, angry, happy"),
        (["runs/star", *ONE, "--to", "Black_Hair,Blond_Hair"], "exclude each other"),
        (["runs/star", *ONE, "--to", "Male,happy"], "name labels of one set"),
        (["runs/star", *ONE, "--to", "Male,not_Male"], "Male is named twice"),
        (["runs/star", *ONE, "--domain", "not_happy"], "no label not_happy"),
        (["runs/star", "--images", "tiny.png", "--out", "o.png", "--to", "Male"], "too few for StarGAN: at least 8"),
        (["runs/star", *ONE, "--to", "happy"], "happy is one of the run's classes: say --domain happy"),
        (["runs/star", *ONE, "--domain", "Male"], "Male is one of the run's attributes: say --to Male"),
        (["runs/star", *ONE, "--domain", "happy", "--to", "Male"], "--to and --domain cannot both be given"),
        (["runs/star", *ONE, "--direction", "a2b"], "--direction is for CycleGAN and pix2pix"),
        (["runs/star/model.safetensors", *ONE, "--to", "Male"], "name the run's directory"),
        (["runs/monet", *ONE, "--to", "Male"], "--to is for runs of StarGAN: runs/monet, of CycleGAN, goes a2b or b2a"),
        (["runs/pairs", *ONE, "--domain", "happy"], "--domain is for runs of StarGAN"),
        (["runs/pairs", *ONE, "--direction", "b2a"], "--direction is b2a: runs/pairs was trained to go a2b"),
        (["runs/monet", *ONE, "--direction", "a2c"], "--direction is a2c (did you mean a2b?)"),
        (["runs/digits", *ONE], "runs/digits is a run of WGANGP, which translates no images"),
        (["runs/gone", *ONE], "There is no runs/gone"),
        (["runs/monet", *ONE, "--size", "-1"], "--size is -1"),
        (["runs/monet", *ONE, "--memory", "0"], "--memory is 0.0"),
        (["runs/monet", *ONE, "--memory", "0.00001"], "faces/a.png at 30 x 24 pixels would take about"),
        (["runs/star", *ONE, "--memory", "0.00001"], "faces/a.png at 16 x 16 pixels would take about"),
        (["runs/monet", "--images", "empty", "--out", "o"], "empty has no image"),
        (["runs/monet", "--images", "faces/gone.png", "--out", "o.png"], "There is no faces/gone.png"),
        (["runs/monet", "--images", "faces/notes.txt", "--out", "o.png"], "notes.txt is no image"),
        (["runs/monet", "--images", "damaged.png", "--out", "o.png"], "damaged.png is damaged"),
        (["runs/monet", "--images", "faces", "--out", "o.png"], "is one file, for 3 images"),
        (["runs/monet", "--images", "faces/a.png", "--out", "o.gif"], "is no image's name"),
        (["runs/monet", "runs/cezanne", "--images", "faces", "--out", "o.gif"], "is no image's name"),
        (["runs/monet", "--images", "small.png", "--out", "o.png"], "small.png: 2 x 9 pixels are too few: at least 3"),
        (["runs/monet", "--images", "tiny.png", "--out", "o.png"], "tiny.png: Images of 4 x 12 pixels"),
        (["runs/pairs", "--images", "small.png", "--out", "o.png"], "too few: at least 9 a side; --size enlarges"),
        (["runs/monet", *ONE, "--too", "Male"], "--to"),
    ],
)
def test_mistakes_end_in_one_line(arguments, message, folder, refused, monkeypatch):
    monkeypatch.chdir(folder)
    assert message in refused("translate", *arguments)
    assert not Path("o.png").exists() and not Path("o.gif").exists()
