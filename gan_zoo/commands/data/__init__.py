"""The commands `gan-zoo data ...`, one file each, imported when the command runs.

list.py         lists the known data sets    check.py      looks for problems in every image
prepare.py      decodes a data set once      show.py       draws images with their labels
stats.py        statistics of real images    choose.py     the data module that a command works on
"""

import importlib

from gan_zoo.commands.parser import dispatch

COMMANDS = {
    "list": "list the known sets, those that are here, and how to get the others: gan-zoo data list celeba",
    "check": "look for problems in every image: gan-zoo data check data/celeba",
    "show": "draw images and their labels as one PNG: gan-zoo data show -c mnist/wgan_gp --out digits.png",
    "prepare": "decode a set once, on all cores: gan-zoo data prepare -c celeba/dcgan --data.root FOLDER",
    "stats": "compute what scores need of the real images: gan-zoo data stats -c mnist/wgan_gp --extractor lenet",
}
"""Description of each command. The function `run` of the module of the same name runs it."""


def run(arguments: list[str]) -> int:
    """Run one command of `gan-zoo data`, and return its exit code.

    Raises:
        Mistake: There is no such command, or the command itself raises it.
        DataError: The data cannot be used.
    """

    def find(name: str):
        return importlib.import_module(f"{__name__}.{name}").run

    return dispatch("gan-zoo data", COMMANDS, find, arguments)
