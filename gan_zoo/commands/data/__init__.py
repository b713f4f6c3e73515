"""The commands `gan-zoo data ...`, one file each, imported when the command runs.

list_sets.py    the sets that are known      check.py      looks at every image for what stops a training
prepare.py      decodes a set once           show.py       images with their labels, as one picture
stats.py        statistics of real images    choose.py     the data that a command is about
"""

from collections.abc import Callable
from pathlib import Path

from gan_zoo.commands.parser import Parser, overview
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest

COMMANDS = {
    "list": "the known sets, which are here, and how the others are had: gan-zoo data list celeba",
    "check": "look at every image for what stops a training: gan-zoo data check data/celeba",
    "show": "images and their labels as one PNG: gan-zoo data show -c mnist/wgan_gp --out digits.png",
    "prepare": "decode a set once, by all cores: gan-zoo data prepare -c celeba/dcgan --data.root FOLDER",
    "stats": "what scores read of the real images, ahead: gan-zoo data stats -c mnist/wgan_gp --extractor lenet",
}


def run(arguments: list[str]) -> int:
    """The exit code of one command of `gan-zoo data`.

    Raises:
        Mistake: no such command, or the command's own.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview("gan-zoo data", COMMANDS))
        return 0
    name, rest = arguments[0], arguments[1:]
    if name not in COMMANDS:
        raise Mistake(f"No command is called data {name}{closest(name, COMMANDS)}: there are {', '.join(COMMANDS)}.")
    commands: dict[str, Callable[[list[str]], int]] = {
        "list": list_sets,
        "check": check,
        "show": show,
        "prepare": prepare,
        "stats": stats,
    }
    return commands[name](rest)


def list_sets(arguments: list[str]) -> int:
    parser = Parser("data list", COMMANDS["list"])
    parser.add_argument("name", nargs="?", default="", help="a set of which all is told (default: a line for each)")
    parser.add_argument("--folder", default="data", help="where sets are looked for (default data)")
    options = parser.parse(arguments)
    from gan_zoo.commands.data.list_sets import command

    return command(options.name, Path(options.folder))


def check(arguments: list[str]) -> int:
    parser = Parser("data check", COMMANDS["check"])
    parser.add_argument("paths", nargs="+", metavar="PATH", help="folders, zips or LMDBs of images")
    parser.add_argument("--labels", nargs="+", default=[], help="CSV files that name images (CelebA's are found)")
    parser.add_argument("--all", action="store_true", help="name every finding, not three of a kind")
    options = parser.parse(arguments)
    from gan_zoo.commands.data.check import command

    return command([Path(one) for one in options.paths], [Path(one) for one in options.labels], options.all)


def show(arguments: list[str]) -> int:
    from gan_zoo.commands.data.show import command

    return command(arguments)


def stats(arguments: list[str]) -> int:
    from gan_zoo.commands.data.stats import command

    return command(arguments)


def prepare(arguments: list[str]) -> int:
    from gan_zoo.commands.data.prepare import command

    return command(arguments)
