"""The commands `gan-zoo latent ...`: pictures of what a trained generator's latents do, one file each.

truncate.py     images from the mean outwards       mix.py      the styles of one image in another
sefa.py         the directions that change most     project.py  the styles that make a given image
table.py        the arguments they share, and the picture they write
"""

import importlib

from gan_zoo.commands.parser import dispatch

COMMANDS = {
    "truncate": "from the mean image outwards: gan-zoo latent truncate runs/x --values 0 0.5 1 --out x.png",
    "mix": "the styles of one image in another: gan-zoo latent mix runs/x --layers 0-3 --out x.png",
    "sefa": "along the directions that change images most: gan-zoo latent sefa runs/x --layers 2-5 --out x.png",
    "project": "the generator's image closest to yours: gan-zoo latent project runs/x face.png --out x.png",
}


def run(arguments: list[str]) -> int:
    """Run one command of `gan-zoo latent`, and return its exit code.

    Raises:
        Mistake: There is no such command, or the command itself raises it.
    """

    def find(name: str):
        return importlib.import_module(f"{__name__}.{name}").run

    return dispatch("gan-zoo latent", COMMANDS, find, arguments)
