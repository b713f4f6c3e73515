"""The parser of a command's options, and the choice of the command that the user typed."""

import argparse
from collections.abc import Callable, Mapping

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest, shorten


def overview(program: str, commands: Mapping[str, str]) -> str:
    """Return what `gan-zoo --help` prints: each of `commands` with its description."""
    rows = "\n".join(f"  {name:<10}{text}" for name, text in commands.items())
    return f"usage: {program} COMMAND ...\n\n{rows}\n\n`{program} COMMAND --help` explains each."


def dispatch(
    program: str,
    commands: Mapping[str, str],
    find: Callable[[str], Callable[[list[str]], int]],
    arguments: list[str],
    flags: tuple[str, ...] = ("--help",),
) -> int:
    """Run the command that `arguments` begin with, and return its exit code.

    Args:
        program: What the user types before the command: "gan-zoo", "gan-zoo data".
        commands: Descriptions of the commands by name.
        find: Returns the function that runs the command of a name. It may import it only now, so that `--help` answers
            at once.
        arguments: What the user typed after `program`.
        flags: Options of `program` itself, which a misspelt command may have meant.

    Raises:
        Mistake: There is no such command, or the command itself raises it.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview(program, commands))
        return 0
    name, *rest = arguments
    if name not in commands:
        typed = " ".join([*program.split()[1:], name])
        near = closest(name, [*commands, *flags])
        raise Mistake(f"No command is called {typed}{near}: there are {', '.join(commands)}.")
    return find(name)(rest)


def allow_modules(parser: argparse.ArgumentParser) -> None:
    """Add the option `--allow-module` of the commands that load runs: modules beside ours that a run may name."""
    parser.add_argument(
        "--allow-module",
        action="append",
        default=[],
        dest="allow_modules",
        metavar="MODULE",
        help="your own package or module, which a run or its weights may name and thereby execute; may be repeated",
    )


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `Mistake` and takes no abbreviations.

    Args:
        command: Name of the command: "sample", "data list".
        text: What the command does, for `--help`.
    """

    def __init__(self, command: str, text: str) -> None:
        super().__init__(prog=f"gan-zoo {command}", description=text, allow_abbrev=False)

    def error(self, message: str):
        """Raise a `Mistake` in place of argparse's usage text."""
        raise Mistake(f"{message}: see {self.prog} --help.")

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """Parse all of `arguments`. Underscores in the name of an option are read as hyphens, as `fit` writes them.

        Raises:
            Mistake: An option is unknown, in which case the closest name is given, or a value is wrong.
        """
        arguments = [hyphenated(word) for word in arguments]
        known = [name for action in self._actions for name in action.option_strings]
        for option in (word.partition("=")[0] for word in arguments if word.startswith("--")):
            if option not in known:
                raise Mistake(f"{self.prog} has no option {option}{closest(option, known)}: see {self.prog} --help.")
        options, left = self.parse_known_args(arguments)
        if left:
            raise Mistake(f"{self.prog} does not know what {shorten(left[0], 60)} is for: see {self.prog} --help.")
        return options


def hyphenated(word: str) -> str:
    """Return `word` with hyphens for the underscores in an option's name; its value and other words stay."""
    name, equals, value = word.partition("=")
    return f"{name.replace('_', '-')}{equals}{value}" if name.startswith("--") else word
