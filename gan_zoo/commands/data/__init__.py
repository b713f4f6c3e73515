"""The commands `gan-zoo data ...`, one file each, imported when the command runs.

list.py         the sets that are known      check.py      looks at every image for what stops a training
prepare.py      decodes a set once           show.py       images with their labels, as one picture
stats.py        statistics of real images    choose.py     the data that a command is about
"""

from gan_zoo.commands.parser import dispatch

COMMANDS = {
    "list": "the known sets, which are here, and how the others are had: gan-zoo data list celeba",
    "check": "look at every image for what stops a training: gan-zoo data check data/celeba",
    "show": "images and their labels as one PNG: gan-zoo data show -c mnist/wgan_gp --out digits.png",
    "prepare": "decode a set once, by all cores: gan-zoo data prepare -c celeba/dcgan --data.root FOLDER",
    "stats": "what scores read of the real images, ahead: gan-zoo data stats -c mnist/wgan_gp --extractor lenet",
}


def run(arguments: list[str]) -> int:
    """Run one command of `gan-zoo data`, and return its exit code.

    Raises:
        Mistake: There is no such command, or the command itself raises it.
    """
    return dispatch("gan-zoo data", COMMANDS, "gan_zoo.commands.data", arguments)
