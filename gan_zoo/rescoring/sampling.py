"""`gan-zoo sample`: a grid, or as many PNG files as other people's programs want."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from gan_zoo import images, loading
from gan_zoo.errors import Mistake, bounded
from gan_zoo.files import write
from gan_zoo.metrics.fakes import CHUNK, Sampled, Sampling


def sample(path: str, count: int, first: int, out: str, sampling: Sampling, allow_modules: tuple[str, ...] = ()) -> int:
    """Write images `first` to `first + count`: a grid where `out` ends in .png, else a PNG each in the folder `out`.

    Raises:
        Mistake: nothing to load, no image asked for, or a place that cannot be written.
    """
    bounded("--", at_least=1, count=count)
    bounded("--", at_least=0, first=first)
    target = Path(out)
    if target.suffix not in ("", ".png") and not target.is_dir():
        raise Mistake(f"--out {out}: a grid is written as PNG, so name x.png, or a folder that gets a PNG for each.")
    made = chunks(Sampled(loading.load(path, allow_modules=allow_modules), sampling), first, count)
    try:
        if target.suffix == ".png":
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target, images.png(images.grid(torch.cat([image for _, image in made]))))
        else:
            target.mkdir(parents=True, exist_ok=True)
            for start, chunk in made:
                for i, image in enumerate(chunk, start):
                    (target / f"{i:06d}.png").write_bytes(images.png(image))
    except OSError as error:
        raise Mistake(f"{out} cannot be written: {error.strerror}.") from error
    print(f"{count} images in {out}")
    return 0


def chunks(sampled: Sampled, first: int, count: int) -> Iterator[tuple[int, Tensor]]:
    """(index of the first, uint8 images) of images `first` to `first + count`, few enough at a time."""
    for start in range(first, first + count, CHUNK):
        yield start, sampled.images(start, min(CHUNK, first + count - start))
