"""The commands `gan-zoo latent ...`: pictures of what a trained generator's latents do, one file each.

truncate.py     images from the mean outwards       mix.py      the styles of one image in another
table.py        the arguments they share, and the picture they write
"""

import importlib

from gan_zoo.commands.parser import dispatch

COMMANDS = {
    "truncate": "from the mean image outwards: gan-zoo latent truncate runs/x --values 0 0.5 1 --out x.png",
    "mix": "the styles of one image in another: gan-zoo latent mix runs/x --layers 0-3 --out x.png",
}


def run(arguments: list[str]) -> int:
    """Run one command of `gan-zoo latent`, and return its exit code.

    Raises:
        Mistake: There is no such command, or the command itself raises it.
    """

    def find(name: str):
        return importlib.import_module(f"{__name__}.{name}").run

    return dispatch("gan-zoo latent", COMMANDS, find, arguments)
