"""What a user types after a command's name, and the help that lists the names."""

import argparse

from gan_zoo.errors import Mistake
from gan_zoo.naming import closest


def overview(program: str, commands: dict[str, str]) -> str:
    """What `gan-zoo --help` prints: each of `commands` with what it does."""
    rows = "\n".join(f"  {name:<10}{text}" for name, text in commands.items())
    return f"usage: {program} COMMAND ...\n\n{rows}\n\n`{program} COMMAND --help` explains each."


def allow_modules(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the option of the commands that load runs: which modules beside ours these may name."""
    parser.add_argument(
        "--allow-module",
        action="append",
        default=[],
        dest="allow_modules",
        metavar="MODULE",
        help="a package or module of yours that a run or its weights may name, which runs it; may be repeated",
    )


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are ours, and which takes no abbreviations."""

    def __init__(self, command: str, text: str) -> None:
        super().__init__(prog=f"gan-zoo {command}", description=text, allow_abbrev=False)

    def error(self, message: str):
        raise Mistake(f"{message}: see {self.prog} --help.")

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """Parse all of `arguments`; an unknown option names the closest right one."""
        known = [name for action in self._actions for name in action.option_strings]
        for option in (one.partition("=")[0] for one in arguments if one.startswith("--")):
            if option not in known:
                raise Mistake(f"{self.prog} has no option {option}{closest(option, known)}: see {self.prog} --help.")
        options, left = self.parse_known_args(arguments)
        if left:
            raise Mistake(f"{self.prog} does not know what {left[0]} is for: see {self.prog} --help.")
        return options
