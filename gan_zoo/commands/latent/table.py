"""What the commands of `gan-zoo latent` share: their arguments, and the table of images that they write."""

from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from gan_zoo import images
from gan_zoo.commands.parser import Parser, allow_modules
from gan_zoo.errors import Mistake
from gan_zoo.run.files import write
from gan_zoo.run.marks import is_our_image, mark
from gan_zoo.run.outputs import refuse_loss


def parser_of(name: str, description: str) -> Parser:
    """Return a parser with the arguments that all of these commands have."""
    parser = Parser(f"latent {name}", description)
    parser.add_argument("run", help="a run's directory, or a .safetensors or .ckpt file")
    parser.add_argument("--seed", type=int, default=0, help="seed of the latents (default 0)")
    parser.add_argument("--out", required=True, help="the picture, a PNG file")
    allow_modules(parser)
    return parser


def refuse_place(out: str) -> None:
    """Raise `Mistake`, before the work, if the picture cannot be written to `out` without loss."""
    target = Path(out)
    if target.suffix != ".png" or target.is_dir():
        raise Mistake(f"--out {out}: the picture is written as PNG, so name x.png.")
    refuse_loss([target], is_our_image)


def save(out: str, table: Float[Tensor, "n c h w"], columns: int) -> int:
    """Write images in [-1, 1] as one PNG file, row by row."""
    target = Path(out)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, images.png(images.grid(images.to_uint8(table), columns), mark()))
    except OSError as error:
        raise Mistake(f"{out} cannot be written: {error.strerror}.") from error
    print(f"{len(table)} images in {out}")
    return 0
