"""`gan-zoo sample`: writes generated images, as one grid or as a PNG file for each."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from gan_zoo import images
from gan_zoo.bounds import bounded
from gan_zoo.errors import Mistake
from gan_zoo.memory import refuse_beyond
from gan_zoo.metrics.fakes import CHUNK, Sampled, Sampling
from gan_zoo.run.files import write
from gan_zoo.run.marks import is_our_image, mark
from gan_zoo.run.outputs import refuse_loss
from gan_zoo.training import loading


def sample(path: str, count: int, first: int, out: str, sampling: Sampling, allow_modules: tuple[str, ...] = ()) -> int:
    """Write images `first` to `first + count`: a grid if `out` ends in .png, else PNG files in the folder `out`.

    Args:
        path: Directory of a run, a file of weights, or the name of published weights.
        count: Number of images.
        first: Index of the first image.
        out: File or folder to write.
        sampling: How the images are generated.
        allow_modules: Modules beside ours that the run may name.

    Raises:
        Mistake: The model cannot be loaded, a number is out of range, or `out` cannot be written.
    """
    bounded("--", at_least=1, at_most=10_000_000, count=count)
    bounded("--", at_least=0, first=first)
    target = Path(out)
    if target.suffix not in ("", ".png") and not target.is_dir():
        raise Mistake(f"--out {out}: a grid is written as PNG, so name x.png, or a folder that gets a PNG for each.")
    is_grid = target.suffix == ".png" and not target.is_dir()
    numbers = range(first, first + count)
    refuse_loss([target] if is_grid else (target / f"{i:06d}.png" for i in numbers), is_our_image)
    generated = chunks(Sampled(loading.load(path, allow_modules=allow_modules), sampling), first, count)
    try:
        if is_grid:
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target, images.png(images.grid(gathered(generated, count)), mark()))
        else:
            target.mkdir(parents=True, exist_ok=True)
            for start, chunk in generated:
                for i, image in enumerate(chunk, start):
                    write(target / f"{i:06d}.png", images.png(image, mark()))
    except OSError as error:
        raise Mistake(f"{out} cannot be written: {error.strerror}.") from error
    print(f"{count} images in {out}")
    return 0


def gathered(generated: Iterable[tuple[int, Tensor]], count: int) -> Tensor:
    """Return all images as one tensor.

    Raises:
        Mistake: After the first chunk, that the memory does not suffice for `count` images.
    """
    parts: list[Tensor] = []
    for _, chunk in generated:
        if not parts:
            instead = "ask for fewer, or name a folder, which gets a file for each"
            refuse_beyond(2 * count * chunk[0].nbytes, None, f"A grid of {count:,} images", instead)
        parts.append(chunk)
    return torch.cat(parts)


def chunks(sampled: Sampled, first: int, count: int) -> Iterator[tuple[int, Tensor]]:
    """Yield images `first` to `first + count` in chunks, each with the index of its first image, as uint8."""
    for start in range(first, first + count, CHUNK):
        yield start, sampled.images(start, min(CHUNK, first + count - start))
