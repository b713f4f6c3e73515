"""Turns the errors of jsonargparse and Lightning, which span many lines, into one line for the user.

jsonargparse reports errors only as text, so this file reads its wording. `tests/commands` holds each of `RULES`.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from traceback import walk_tb

from lightning.fabric.utilities.exceptions import MisconfigurationException

from datamodules.errors import DataError
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest, shorten

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "tuple": "a list, as in [a, b]",
    "list": "a list, as in [a, b]",
    "dict": "a mapping",
}
"""Python's types, as a user who writes YAML calls them."""


def explain(message: str, arguments: list[str], options: Iterable[str], classes: dict[str, list[str]]) -> str:
    """Return one line that says what came, what was wanted, and the closest right word.

    Args:
        message: Message of the error that jsonargparse raised.
        arguments: What the user typed.
        options: All options that there are: `--trainer.max_steps`.
        classes: Names of the classes that can be chosen for a key: `{"model": ["GAN", "WGANGP"]}`.
    """
    options = [option for option in options if not option.endswith("+")]
    report = Report(message, arguments, options, classes)
    for pattern, rule in RULES:
        if match := re.search(pattern, message, re.MULTILINE):
            return shorten(rule(report, *match.groups()))
    return shorten(wrong_value(report))


@dataclass(frozen=True)
class Report:
    """An error of jsonargparse, with the arguments of `explain`."""

    message: str
    arguments: list[str]
    options: list[str]
    classes: dict[str, list[str]]

    @property
    def key(self) -> str:
        """The setting that is wrong: `model.n_critic`."""
        return ".".join(dict.fromkeys(re.findall(r'(?:Parser key "|^--)([\w.]+?)(?:\.help)?[":]', self.message)))

    @property
    def value(self) -> str:
        """The value that is wrong; of nested values the innermost."""
        match = re.search(r"(?:Got|Given) value: ?(.*)", self.message)
        return shorten(match[1].strip(), 60) if match else ""

    @property
    def choice(self) -> str:
        """The classes that can be chosen for the key."""
        names = self.classes.get(self.key)
        return f"there are {', '.join(names)}, or package.module.Class" if names else "name it as package.module.Class"


def unknown_argument(report: Report, word: str) -> str:
    """Explain a word that is no option."""
    word, options = word.partition("=")[0], report.options
    if not word.startswith("-"):
        return f"{shorten(word, 60)} follows no option: an experiment is named as in -c mnist/wgan_gp."
    near, heads = closest(word, options), {option.partition(".")[0] for option in options}
    head, dot, rest = word.partition(".")
    if head not in heads and dot:  # --modle.width
        near = closest(head, heads).replace("?)", f".{rest}?)")
    return f"There is no option {shorten(word, 80)}{near}: see gan-zoo fit --help."


def missing_classes(report: Report) -> str:
    """Explain that the model or the data is missing."""
    named = " ".join(f"--{key} {names[-1]}" for key, names in report.classes.items() if names)
    return f"A run needs a model and data: name an experiment, as in -c mnist/wgan_gp, or both, as in {named}."


def missing_value(report: Report, option: str) -> str:
    """Explain that an option has no value. jsonargparse may name a part of the option that the user typed."""
    option, words = option.partition("/")[0], pairwise([*report.arguments, "--"])
    without = (word for word, following in words if word.startswith(option) and following.startswith("--"))
    return f"{next(without, option)} needs a value after it."


def unknown_parameter(report: Report, class_path: str, word: str) -> str:
    """Explain an argument that a class does not take."""
    module, _, kind = class_path.rpartition(".")
    parameters = inspect.signature(getattr(importlib.import_module(module), kind)).parameters
    known, key = [*parameters, "class_path", "init_args"], report.key
    if kind in ("GenerativeModule", "LightningDataModule") and not closest(word, known):
        return f"--{key}.{word} comes before the {key} is named: put -c or --{key} NAME first."
    return f"{kind} has no {key}.{word}{nearest(word, known)}."


def unknown_setting(report: Report, group: str, word: str) -> str:
    """Explain a setting that a group of settings does not have."""
    prefix = f"--{group}."
    names = [option.removeprefix(prefix) for option in report.options if option.startswith(prefix)]
    return f"There is no {group}.{word}{nearest(word, names)}."


def unknown_section(report: Report, word: str) -> str:
    """Explain a section that a configuration does not have."""
    sections = {option.removeprefix("--").partition(".")[0] for option in report.options if option.startswith("--")}
    return f"The configuration has no {word}{closest(word, sections)}."


def unusable_class(report: Report, class_path: str, reason: str) -> str:
    """Explain that a class cannot be imported, or that its arguments are no mapping."""
    return f"{report.key} {class_path} cannot be used: {reason}."


def forbidden_class(report: Report, class_path: str) -> str:
    """Explain that jsonargparse refuses a class because its module can run arbitrary code."""
    return f"{report.key} {class_path} is refused, because its module can run arbitrary code: {report.choice}."


def wrong_class(report: Report, base: str) -> str:
    """Explain that a class, or a value in its place, does not derive from `base`."""
    path = re.search(r'(?:Import path |help: ")(\w+\.[\w.]+)', report.message)
    return f"{report.key} {path[1] if path else report.value} is no {base}: {report.choice}."


def unknown_class(report: Report, word: str) -> str:
    """Explain a name that no class has."""
    return f"No {report.key} is called {word}{closest(word, report.classes.get(report.key, []))}: {report.choice}."


def value_of_group(report: Report) -> str:
    """Explain that a group of settings was given a value."""
    return f"{report.key} is a group of options: write --{report.key}.NAME VALUE, or name a YAML file that holds them."


def wrong_value(report: Report) -> str:
    """Explain a value of the wrong type, or state the first reason that jsonargparse gives."""
    wanted, words = wanted_kinds(report.message), wanted_words(report.message)
    if wanted or words:
        kinds = " or ".join([*wanted, *([f"one of {', '.join(words)}"] if words else [])])
        return f"{report.key} is {report.value or 'empty'}{closest(report.value, words)}: it takes {kinds}."
    if reason := re.search(r"Errors:\s+- (.+)", report.message):
        return f"{report.key} {report.value} cannot be used: {reason[1]}."
    return f"{report.key}: {report.message}" if report.key else report.message


RULES = (
    (r"unrecognized arguments: (\S+)", unknown_argument),
    (r"arguments are required: ", missing_classes),
    (r"argument (\S+): expected \S+ argument", missing_value),
    (r"class_path '([^']+)':\s+Option '([^']+)' is not accepted", unknown_parameter),
    (r"Group '([^']+)' does not accept option '([^']+)'", unknown_setting),
    (r"Option '([^'.]+)[^']*' is not accepted", unknown_section),
    (r"Importing '([^']+)' is not allowed", forbidden_class),
    (r"class_path '([^']+)':(?!\s+Parser key)\s+(.*)", unusable_class),
    (r"[Nn]ot .*subclass of (\w+)", wrong_class),
    (r"Expected a dot import path string: (.+)", unknown_class),
    (r"Unable to load config", value_of_group),
)
"""Patterns of jsonargparse's messages, in the order of precedence, and what explains each from the matched groups."""


def wanted_kinds(message: str) -> list[str]:
    """Return the kinds of values that are accepted: `["a whole number", "text"]`."""
    kinds: list[str] = []
    for name, other in re.findall(
        r"Expected an? (?:<class '(?:\w+\.)*(\w+)'>|(.+?))(?:\. Got value: .*)?$", message, re.MULTILINE
    ):
        if name:
            kinds += [KINDS.get(name, f"a {name}")] if name != "NoneType" else []
        elif not other.startswith(("path but", "typing.Literal")):
            kinds += [f"a {other.replace('tuple', 'list')}"]
    return list(dict.fromkeys(kinds))


def wanted_words(message: str) -> list[str]:
    """Return the words that are accepted, if there is a choice of words."""
    lists = re.findall(r"Expected a typing\.Literal(\[.*?\])", message)
    return list(dict.fromkeys(str(word) for words in lists for word in ast.literal_eval(words)))


def nearest(word: str, names: list[str]) -> str:
    """Return the name that is close to `word`, or all names if they are few, as the end of a sentence."""
    return closest(word, names) or (f": there are {', '.join(names)}" if len(names) < 12 else "")


def origin(error: BaseException) -> BaseException:
    """Return the error that a constructor raised, if jsonargparse wrapped it into its own; else `error`."""
    while error.__cause__ and not isinstance(error, Mistake | DataError | MisconfigurationException):
        error = error.__cause__
    return error


def refused(error: BaseException) -> BaseException:
    """Return a `Mistake` if a class of Lightning, such as a callback or a logger, raised `error`; else `error`."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    module = frames[-1].f_globals["__name__"] if frames else ""
    if isinstance(error, Mistake | DataError) or module.partition(".")[0] not in ("lightning", "jsonargparse"):
        return error
    named = re.search(r"class_path='([\w.]+)'", str(error))
    reason = error
    while reason.__context__:
        reason = reason.__context__
    name = named[1] if named else "Lightning"
    return Mistake(shorten(f"{name} refuses this: {str(reason) or type(reason).__name__}"))
