"""Image files of any size that the user names, in and out: what `translate` and `stylize` read and write."""

import io
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image as Pillow

from datamodules.errors import DataError
from datamodules.sources import SUFFIXES, decode, is_image
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.run.files import write
from gan_zoo.run.marks import mark

Image = Float[torch.Tensor, "1 3 _ _"]

ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)
"""The tag in which a camera writes how it was held, and the values that swap width and height."""


def find(paths: list[str]) -> list[Path]:
    """The image files that `paths` name: each a file, or a folder whose images are meant, in the names' order.

    Raises:
        Mistake: a path that is not there, a folder without an image, or a file that is none.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.is_file() and is_image(file.name))
            if not inside:
                raise Mistake(f"{path} has no image: files that end in {', '.join(SUFFIXES)} are.")
            found += inside
        elif not path.exists():
            raise Mistake(f"There is no {path}: name an image file or a folder of them.")
        elif not is_image(path.name):
            raise Mistake(f"{path} is no image: one ends in {', '.join(SUFFIXES)}.")
        else:
            found.append(path)
    return found


def places(names: list[str], asked: list[str], out: Path) -> list[Path]:
    """Where results of these `names` go: the file `out` for the one image that was named, else a folder.

    Args:
        names: of the results, in a folder.
        asked: as the user typed the images that results are made of.
        out: as the user typed it.

    Raises:
        Mistake: `out` names a file where there are several images, or two images would have one name.
    """
    alone = len(names) == 1 and not Path(asked[0]).is_dir()
    if alone and out.suffix and not out.is_dir():
        refuse_other_kinds(out)
        return [out]
    if out.suffix and not out.is_dir():
        raise Mistake(f"--out {out} is one file, for {len(names)} images: name a folder.")
    results = [out / name for name in names]
    doubled = {result.name for result in results if [one.name for one in results].count(result.name) > 1}
    if doubled:
        raise Mistake(f"Two of the images are called {min(doubled)}: write them to folders of their own.")
    return results


def refuse_other_kinds(out: Path) -> None:
    """Stop unless `out` is an image's name.

    Raises:
        Mistake: it ends otherwise.
    """
    if not is_image(out.name):
        raise Mistake(f"--out {out} is no image's name: end it in .png or .jpg.")


def read(file: Path, short: int = 0) -> Image:
    """The image in `file`, upright, in [-1, 1]; grey becomes three equal channels, what is transparent white.

    Args:
        file: an image file.
        short: the shorter side is brought to so many pixels; 0: the file's own.

    Raises:
        Mistake: damaged.
    """
    try:
        pixels = decode(file.read_bytes(), str(file))
    except (DataError, OSError) as error:
        raise Mistake(str(error)) from error
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].expand(1, 3, -1, -1)
    return images.resized(images.to_float(image), short) if short else images.to_float(image)


def sides(file: Path, short: int = 0) -> tuple[int, int]:
    """Return the height and width that `read` gives, from the file's first bytes.

    Args:
        file: an image file.
        short: the shorter side is brought to so many pixels; 0: the file's own.

    Raises:
        Mistake: damaged.
    """
    try:
        with Pillow.open(file) as opened:
            width, height = opened.size
            if opened.getexif().get(ORIENTATION, 1) in SIDEWAYS:
                width, height = height, width
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        raise Mistake(f"{file} is damaged or no image: {error}.") from error
    return images.resized_sides(height, width, short) if short else (height, width)


def drawn(image: Image) -> Pillow.Image:
    """`image`, in [-1, 1], as Pillow has it."""
    return Pillow.fromarray(images.to_uint8(image)[0].permute(1, 2, 0).contiguous().numpy())


def save(file: Path, image: Pillow.Image) -> None:
    """Write `image`, marked as ours, as the kind of file that its name says, making its folder.

    Raises:
        Mistake: it cannot be written.
    """
    kind, content = Pillow.registered_extensions()[file.suffix.lower()], io.BytesIO()
    try:
        image.save(content, kind, exif=mark(), **({"quality": 95} if kind == "JPEG" else {}))
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, content.getvalue())
    except OSError as error:
        raise Mistake(f"{file} cannot be written: {error.strerror or error}.") from error
