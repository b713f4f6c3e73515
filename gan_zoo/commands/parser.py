"""The parser of a command's options, and the choice of the command that was typed."""

import argparse
import importlib
from collections.abc import Mapping

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest


def overview(program: str, commands: Mapping[str, str]) -> str:
    """Return what `gan-zoo --help` prints: each of `commands` with its description."""
    rows = "\n".join(f"  {name:<10}{text}" for name, text in commands.items())
    return f"usage: {program} COMMAND ...\n\n{rows}\n\n`{program} COMMAND --help` explains each."


def dispatch(program: str, commands: Mapping[str, str], package: str, arguments: list[str]) -> int:
    """Run the command that `arguments` begin with, and return its exit code.

    Args:
        program: What the user types before the command: "gan-zoo", "gan-zoo data".
        commands: Descriptions of the commands by name.
        package: Where the commands lie. A command is the function `run(arguments)` of the module of its name, which is
            imported only now, so that `--help` answers at once.
        arguments: What the user typed after `program`.

    Raises:
        Mistake: There is no such command, or the command itself raises it.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview(program, commands))
        return 0
    name, *rest = arguments
    if name not in commands:
        prefix = program.removeprefix("gan-zoo").strip()
        raise Mistake(
            f"No command is called {f'{prefix} {name}'.strip()}{closest(name, commands)}: there are "
            f"{', '.join(commands)}."
        )
    return importlib.import_module(f"{package}.{name}").run(rest)


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
        """Parse all of `arguments`; an unknown option names the closest right one.

        `--skip_damaged` is read as `--skip-damaged`, for `fit` and configurations write underscores.
        """
        arguments = [hyphenated(word) for word in arguments]
        known = [name for action in self._actions for name in action.option_strings]
        for option in (one.partition("=")[0] for one in arguments if one.startswith("--")):
            if option not in known:
                raise Mistake(f"{self.prog} has no option {option}{closest(option, known)}: see {self.prog} --help.")
        options, left = self.parse_known_args(arguments)
        if left:
            raise Mistake(f"{self.prog} does not know what {left[0]} is for: see {self.prog} --help.")
        return options


def hyphenated(word: str) -> str:
    """Return `word` with hyphens for the underscores in an option's name; its value and other words stay."""
    name, equals, value = word.partition("=")
    return f"{name.replace('_', '-')}{equals}{value}" if name.startswith("--") else word
