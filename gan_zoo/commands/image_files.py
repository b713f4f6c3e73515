"""Reads and writes the image files, of any size, that the user names for `translate` and `stylize`."""

import io
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image as Pillow

from datamodules.errors import DataError
from datamodules.sources import SUFFIXES, decode, is_image, opened_image
from datamodules.stores import read_file
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.run.files import write
from gan_zoo.run.marks import mark

Image = Float[torch.Tensor, "1 3 _ _"]

ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)
"""The EXIF tag in which a camera records how it was held, and its values that swap width and height."""


def find(paths: list[str]) -> list[Path]:
    """Return the image files that `paths` name. A folder stands for its images, in the order of their names.

    Raises:
        Mistake: A path does not exist, a folder has no image, or a file is no image.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.is_file() and is_image(file.name))
            if not inside:
                raise Mistake(f"{path} has no image: images end in {', '.join(SUFFIXES)}.")
            files += inside
        elif not path.exists():
            raise Mistake(f"There is no {path}: name an image file or a folder of them.")
        elif not is_image(path.name) or not path.is_file():
            raise Mistake(f"{path} is no image: images end in {', '.join(SUFFIXES)}.")
        else:
            files.append(path)
    return files


def places(names: list[str], sources: list[str], out: Path) -> list[Path]:
    """Return the files to write: `out` itself if the user named a single image, else files in the folder `out`.

    Args:
        names: File names of the results, if they go to a folder.
        sources: Images that the results are made from, as the user typed them.
        out: File or folder to write, as the user typed it.

    Raises:
        Mistake: `out` is a file but there are several results, or two results would have the same name.
    """
    alone = len(names) == 1 and not Path(sources[0]).is_dir()
    if alone and out.suffix and not out.is_dir():
        refuse_other_kinds(out)
        return [out]
    if out.suffix and not out.is_dir():
        raise Mistake(f"--out {out} is one file, for {len(names)} images: name a folder.")
    results = [out / name for name in names]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise Mistake(f"Two of the images are called {min(doubled)}: write them to folders of their own.")
    return results


def refuse_other_kinds(out: Path, option: str = "--out") -> None:
    """Raise unless `out` has the file name of an image.

    Args:
        out: The file to write.
        option: The option that named it, for the message.

    Raises:
        Mistake: It has another ending.
    """
    if not is_image(out.name):
        raise Mistake(f"{option} {out} is no image's name: end it in .png or .jpg.")


def read(file: Path, short: int = 0) -> Image:
    """Read an image, upright, with values in [-1, 1]. Grey becomes three equal channels, transparency white.

    Args:
        file: An image file.
        short: Length in pixels to which the shorter side is resized; 0 keeps the size of the file.

    Raises:
        Mistake: The file is damaged.
    """
    try:
        pixels = decode(read_file(file), str(file))
    except DataError as error:
        raise Mistake(str(error)) from error
    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].expand(1, 3, -1, -1)
    return images.resized(images.to_float(image), short) if short else images.to_float(image)


def sides(file: Path, short: int = 0) -> tuple[int, int]:
    """Return the height and width of what `read` returns. Only the first bytes of the file are read.

    Raises:
        Mistake: The file is damaged.
    """
    try:
        with opened_image(file) as opened:
            width, height = opened.size
            if opened.getexif().get(ORIENTATION, 1) in SIDEWAYS:
                width, height = height, width
    except Exception as error:  # Pillow raises many kinds of errors for damaged files
        raise Mistake(f"{file} is damaged or no image: {error}.") from error
    return images.resized_sides(height, width, short) if short else (height, width)


def drawn(image: Image) -> Pillow.Image:
    """Return an image with values in [-1, 1] as a Pillow image."""
    return Pillow.fromarray(images.to_uint8(image)[0].permute(1, 2, 0).contiguous().numpy())


def save(file: Path, image: Pillow.Image) -> None:
    """Write `image` in the format that the ending of `file` names, with our mark. The folder is made if needed.

    Raises:
        Mistake: The file cannot be written.
    """
    kind, content = Pillow.registered_extensions()[file.suffix.lower()], io.BytesIO()
    try:
        image.save(content, kind, exif=mark(), **({"quality": 95} if kind == "JPEG" else {}))
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, content.getvalue())
    except OSError as error:
        raise Mistake(f"{file} cannot be written: {error.strerror or error}.") from error
