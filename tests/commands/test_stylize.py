"""`gan-zoo stylize` on real files: both methods, folders, kept colours, and bad input."""

import re
import shlex
from pathlib import Path

import pytest
import torch
import torchvision
from PIL import Image

from gan_zoo import images
from gan_zoo.cli import main
from gan_zoo.commands import image_files
from gan_zoo.errors import Mistake
from gan_zoo.metrics import art
from gan_zoo.models.adain import AdaIN
from gan_zoo.perceptual import Features

pytestmark = pytest.mark.slow  # two dozen passes of a whole VGG


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with random VGG weights, contents of several kinds, two styles, and a generator file of AdaIN."""
    folder = tmp_path_factory.mktemp("stylize")
    torch.manual_seed(0)
    torch.save(torchvision.models.vgg16(weights=None).features.state_dict(), folder / "vgg16.pth")
    draw = torch.Generator().manual_seed(1)
    (folder / "frames").mkdir()
    for name, mode, size in (("a.png", "RGB", (30, 24)), ("b.jpg", "L", (24, 24)), ("c.png", "RGBA", (40, 33))):
        pixels = torch.randint(0, 256, (size[1], size[0], len(mode)), dtype=torch.uint8, generator=draw).numpy()
        Image.fromarray(pixels[:, :, 0] if mode == "L" else pixels, mode).save(folder / "frames" / name)
    (folder / "frames" / "notes.txt").write_text("no image")
    for name in ("s.png", "t.png"):
        pixels = torch.randint(0, 256, (20, 26, 3), dtype=torch.uint8, generator=draw).numpy()
        Image.fromarray(pixels).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def run(folder) -> Path:
    from gan_zoo.callbacks.checkpoints import write_generator

    torch.manual_seed(2)
    model = AdaIN(network="vgg16", vgg_weights=str(folder / "vgg16.pth"))
    torch.nn.init.normal_(list(model.generator.parameters())[-2], std=5.0)  # an untrained decoder paints a single grey
    (folder / "run").mkdir()
    write_generator(folder / "run" / "model.safetensors", model, step=1)
    return folder / "run"


def stylize(folder: Path, *more: str, method: str = "gatys") -> int:
    arguments = ["stylize", "--style", str(folder / "s.png"), "--vgg-weights", str(folder / "vgg16.pth")]
    own = ["--network", "vgg16", "--evaluations", "3"] if method == "gatys" else ["--style-size", "24"]
    own += ["--size", "0"]
    with pytest.raises(SystemExit) as exit:
        main([*arguments, "--method", method, *own, *more])
    assert isinstance(exit.value.code, int)
    return exit.value.code


def size(file: Path) -> tuple[int, int]:
    with Image.open(file) as image:
        return image.size


def test_a_folder_of_frames_keeps_names_and_sizes(folder, tmp_path):
    """The folder holds RGB, grey and RGBA images, and a file that is no image and is skipped."""
    assert stylize(folder, "--content", str(folder / "frames"), "--out", str(tmp_path / "out")) == 0
    sizes = {file.name: size(file) for file in (tmp_path / "out").iterdir()}
    assert sizes == {"a.png": (30, 24), "b.jpg": (24, 24), "c.png": (40, 33)}


def test_gatys_prints_distances_and_takes_a_size(folder, tmp_path, capsys):
    content = str(folder / "frames" / "a.png")
    assert stylize(folder, "--content", content, "--size", "32", "--scores", "--out", str(tmp_path / "x.png")) == 0
    assert size(tmp_path / "x.png") == (40, 32)
    assert "a.png: style distance" in capsys.readouterr().out


def test_the_shorter_side_is_512_if_nothing_is_said_as_in_the_programs(folder, run, tmp_path):
    """A small image is enlarged too."""
    arguments = ["stylize", "--content", str(folder / "frames" / "a.png"), "--style", str(folder / "s.png")]
    more = ["--method", "adain", "--run", str(run), "--style-size", "24", "--out", str(tmp_path / "x.png")]
    with pytest.raises(SystemExit) as exit:
        main([*arguments, *more])
    assert exit.value.code == 0 and size(tmp_path / "x.png") == (640, 512)


def test_every_content_is_painted_in_every_style(folder, tmp_path):
    """The files are named by content and style, and each is as if painted alone."""
    contents, styles = ["frames/a.png", "frames/b.jpg"], ["s.png", "t.png"]
    both = [
        "--content",
        *(str(folder / name) for name in contents),
        "--style",
        *(str(folder / name) for name in styles),
    ]
    assert stylize(folder, *both, "--out", str(tmp_path / "all")) == 0
    names = {file.name for file in (tmp_path / "all").iterdir()}
    assert names == {"a_in_s.png", "a_in_t.png", "b_in_s.jpg", "b_in_t.jpg"}
    alone = [
        "--content",
        str(folder / "frames/a.png"),
        "--style",
        str(folder / "t.png"),
        "--out",
        str(tmp_path / "x.png"),
    ]
    assert stylize(folder, *alone) == 0
    assert torch.equal(image_files.read(tmp_path / "all" / "a_in_t.png"), image_files.read(tmp_path / "x.png"))


def test_gatys_sees_the_style_at_the_requested_size(folder, tmp_path):
    """At the style's own 20 pixels the result differs from that at the content's 24, which is the default."""
    content = ["--content", str(folder / "frames" / "a.png")]
    for name, more in (("default", []), ("content", ["--style-size", "24"]), ("own", ["--style-size", "0"])):
        assert stylize(folder, *content, *more, "--out", str(tmp_path / f"{name}.png")) == 0
    default, same, own = (image_files.read(tmp_path / f"{name}.png") for name in ("default", "content", "own"))
    assert torch.equal(default, same) and not torch.equal(default, own)


def test_what_is_read_is_laid_on_white(tmp_path):
    """Porter and Duff's operator `over`, in float64, to one grey level; the hidden colour does not show."""
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (9, 7, 4), dtype=torch.uint8, generator=draw)
    pixels[0, :, 3], pixels[1, :, 3] = 0, 255
    Image.fromarray(pixels.numpy()).save(tmp_path / "x.png")
    colours, opacity = pixels[..., :3].double() / 255, pixels[..., 3:].double() / 255
    wanted = (colours * opacity + 1 - opacity).permute(2, 0, 1)[None] * 2 - 1
    made = image_files.read(tmp_path / "x.png")
    torch.testing.assert_close(made.double(), wanted, rtol=0, atol=2 / 255)
    assert (made[:, :, 0] == 1).all() and torch.equal(
        made[:, :, 1], images.to_float(pixels.permute(2, 0, 1)[None])[:, :3, 1]
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_sides_are_known_before_an_image_is_read(orientation, tmp_path):
    turned = Image.Exif()
    turned[0x0112] = orientation
    Image.new("RGB", (41, 33)).save(tmp_path / "x.jpg", exif=turned)
    for short in (0, 20):
        assert image_files.sides(tmp_path / "x.jpg", short) == image_files.read(tmp_path / "x.jpg", short).shape[2:]


def test_adain_mixes_styles_by_weights_and_masks(folder, run, tmp_path):
    content = str(folder / "frames" / "a.png")
    more = ["--content", content, "--run", str(run), "--style", str(folder / "s.png"), str(folder / "t.png")]
    for name, extra in (("one.png", ["1", "0"]), ("two.png", ["1", "1"]), ("kept.png", ["1", "1", "--keep-colour"])):
        assert stylize(folder, *more, "--weights", *extra, "--out", str(tmp_path / name), method="adain") == 0
    one, two, kept, plain = (image_files.read(tmp_path / n) for n in ("one.png", "two.png", "kept.png", "two.png"))
    assert one.shape == (1, 3, 24, 30) and not torch.equal(one, two) and not torch.equal(kept, plain)
    for name, shade in (("left.png", 255), ("right.png", 0)):
        Image.new("L", (30, 24), shade).save(tmp_path / name)
    masks = ["--masks", str(tmp_path / "left.png"), str(tmp_path / "right.png")]
    assert stylize(folder, *more, *masks, "--out", str(tmp_path / "m.png"), method="adain") == 0
    assert torch.equal(image_files.read(tmp_path / "m.png"), one), (
        "a mask that is white everywhere is all of the weight"
    )


def test_kept_colours_are_the_contents_hue_with_the_results_luminance():
    draw = torch.Generator().manual_seed(0)
    result, content = (torch.rand(1, 3, 4, 5, generator=draw) * 0.5 - 0.25 for _ in range(2))
    kept = images.with_colours_of(result, content)
    luminance = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    torch.testing.assert_close((kept * luminance).sum(1), (result * luminance).sum(1))
    difference = kept - content
    torch.testing.assert_close(difference, difference[:, :1].expand_as(difference))  # R, G and B moved alike


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--content", "{}/gone.png", "--out", "{}/o.png"], "There is no"),
        (["--content", "{}/run", "--out", "{}/o"], "has no image"),
        (["--content", "{}/vgg16.pth", "--out", "{}/o.png"], "vgg16.pth is no image"),
        (["--content", "{}/frames", "--out", "{}/o.png"], "is one file, for 3 images"),
        (["--content", "{}/s.png", "--out", "{}/o.gif"], "is no image's name"),
        (["--content", "{}/frames", "--out", "{}/frames"], "frames/a.png, which is read here"),
        (["--content", "{}/frames/a.png", "--out", "{}/s.png"], "s.png, which is read here"),
        (["--content", "{}/frames/a.png", "--out", "{}/t.png"], "t.png, which this command did not write"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--size", "15"], "too small for relu5_1: it needs at least 16"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--network", "vgg19"], "not of vgg19: it holds vgg16"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--vgg-weights", "{}/gone.pth"], "no file"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--style-weight", "1e40"], "became infinite or NaN"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--strength", "1"], "--strength is for --method adain"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--style-size", "-1"], "--style_size is -1"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--style-size", "8"], "8 pixels is too small for relu5_1"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--memory", "0"], "--memory is 0.0: it must be above 0"),
        (["--content", "{}/photo.png", "--out", "{}/o.png"], "photo.png at 4000 x 3000 pixels would take about"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--weights", "1"], "--weights is for --method adain"),
        (["--content", "{}/s.png", "--out", "{}/o.png", "--style", "{}/s.png", "{}/t.png"], "one file, for 2 images"),
        (["--content", "{}/s.png", "{}/frames/../s.png", "--out", "{}/o"], "Two of the images are called s.png"),
    ],
)
def test_mistakes_end_in_one_line(folder, run, capsys, more, message):
    if "{}/photo.png" in more:
        Image.new("RGB", (4000, 3000)).save(folder / "photo.png")
        more = [*more, "--memory", "20"]
    assert stylize(folder, *(word.replace("{}", str(folder)) for word in more)) == 2
    assert not (folder / "o.png").exists()
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--strength", "1.5"], "--strength is 1.5"),
        (["--evaluations", "3"], "--evaluations is for --method gatys"),
        (["--network", "vgg19"], "--network is for --method gatys"),
        (["--style-weight", "5"], "--style-weight is for --method gatys"),
        (["--masks", "gone.png"], "There is no gone.png"),
        (["--style-size", "12"], "16 x 12 pixels is too small for relu4_1: it needs at least 16"),
    ],
)
def test_adains_mistakes_end_in_one_line(folder, run, tmp_path, capsys, more, message):
    content = ["--content", str(folder / "s.png"), "--out", str(tmp_path / "x.png"), "--run", str(run)]
    assert stylize(folder, *content, *more, method="adain") == 2
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error


def test_adain_says_what_run_it_needs(folder, run, tmp_path, capsys):
    content = ["--content", str(folder / "s.png"), "--out", str(tmp_path / "x.png")]
    assert stylize(folder, *content, method="adain") == 2
    assert "--method adain needs --run" in capsys.readouterr().err
    (folder / "vgg16.pth").rename(folder / "moved.pth")
    moved = ["--vgg-weights", str(folder / "moved.pth")]
    assert stylize(folder, *content, "--run", str(run), method="adain") == 2, "the file that the run was made with"
    assert "There is no file" in capsys.readouterr().err
    assert stylize(folder, *content, "--run", str(run), *moved, method="adain") == 0
    (folder / "moved.pth").rename(folder / "vgg16.pth")


def test_the_commands_of_the_page_work(folder, run, tmp_path, monkeypatch):
    """They run on small pictures, with the random network."""
    page = (Path(__file__).parents[2] / "docs" / "style_transfer.md").read_text()
    commands = re.findall(r"^gan-zoo (stylize .+)$", page, re.MULTILINE)
    assert len(commands) == 3
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes((folder / "frames" / "b.jpg").read_bytes())
    (tmp_path / "painting.jpg").write_bytes((folder / "s.png").read_bytes())
    (tmp_path / "sketch.jpg").write_bytes((folder / "t.png").read_bytes())
    (tmp_path / "frames").symlink_to(folder / "frames")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "adain").symlink_to(run)
    weights = ["--vgg-weights", str(folder / "vgg16.pth")]
    for command in commands:
        quick = (
            ["--style-size", "24", "--size", "24"]
            if "adain" in command
            else ["--network", "vgg16", "--evaluations", "2", "--size", "24"]
        )
        with pytest.raises(SystemExit) as exit:
            main([*shlex.split(command), *weights, *quick])
        assert exit.value.code == 0
    assert size(tmp_path / "painted.png") == (24, 24) and len(list((tmp_path / "painted").iterdir())) == 3
    assert len(list((tmp_path / "gallery").iterdir())) == 8


def test_a_damaged_image_is_named(tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    with pytest.raises(Mistake, match=r"x\.png is damaged"):
        image_files.read(tmp_path / "x.png")


def test_distances_are_zero_on_their_target(folder):
    features = Features((*art.STYLE,), "vgg16", str(folder / "vgg16.pth"))
    image, other = (features(image_files.read(folder / name, short=24)) for name in ("s.png", "t.png"))
    assert art.content_distance(image, image) == 0 < art.content_distance(image, other)
    assert art.style_distance(image, image) == 0 < art.style_distance(image, other)


def test_art_fid_is_its_formula():
    assert art.art_fid(content=0.0, frechet=0.0) == 1
    assert art.art_fid(content=0.5, frechet=3.0) == 6
