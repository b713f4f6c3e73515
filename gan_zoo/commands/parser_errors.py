"""What jsonargparse and Lightning report, over many lines and in their own words, as one line in ours."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterable
from itertools import pairwise

from lightning.fabric.utilities.exceptions import MisconfigurationException

from datamodules.stream import DataError
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
"""Python's types, as somebody who writes YAML calls them."""


def explain(message: str, arguments: list[str], options: Iterable[str], classes: dict[str, list[str]]) -> str:
    """One line: what came, what was wanted, and the closest right word.

    Args:
        message: of the error that jsonargparse raised.
        arguments: what the user typed.
        options: all that can be typed: `--trainer.max_steps`.
        classes: names of the classes that a key chooses from: `{"model": ["GAN", "WGANGP"]}`.
    """
    options = [option for option in options if not option.endswith("+")]
    keys = [option.removeprefix("--") for option in options if option.startswith("--")]
    key = ".".join(dict.fromkeys(re.findall(r'(?:Parser key "|^--)([\w.]+?)(?:\.help)?[":]', message)))

    def find(pattern: str) -> tuple[str, ...]:
        found = re.search(pattern, message, re.MULTILINE)
        return found.groups() if found else ()

    if found := find(r"unrecognized arguments: (\S+)"):
        return _no_option(found[0].partition("=")[0], options)
    if find(r"arguments are required: ([\w, ]+)"):
        named = " ".join(f"--{one} {names[-1]}" for one, names in classes.items() if names)
        return f"A run needs a model and data: name an experiment, as in -c mnist/wgan_gp, or both, as in {named}."
    if found := find(r"argument (\S+): expected \S+ argument"):
        option = found[0].partition("/")[0]
        ends = (one for one, after in pairwise([*arguments, "--"]) if one.startswith(option) and after[:2] == "--")
        return f"{next(ends, option)} needs a value after it."
    if found := find(r"class_path '([^']+)':\s+Option '([^']+)' is not accepted"):
        kind, word = found
        known = [*_parameters(kind), "class_path", "init_args"]
        if kind.endswith((".GenerativeModule", ".LightningDataModule")) and not closest(word, known):
            return f"--{key}.{word} comes before it is said which {key}: put -c or --{key} NAME first."
        return f"{kind.rpartition('.')[2]} has no {key}.{word}{_near(word, known)}."
    if found := find(r"Group '([^']+)' does not accept option '([^']+)'"):
        group, word = found
        inside = [one.removeprefix(f"{group}.") for one in keys if one.startswith(f"{group}.")]
        return f"There is no {group}.{word}{_near(word, inside)}."
    if found := find(r"Option '([^'.]+)[^']*' is not accepted"):
        return f"The configuration has no {found[0]}{closest(found[0], {one.partition('.')[0] for one in keys})}."
    if found := find(r"class_path '([^']+)':\s+((?:No module named|Module|cannot import|Problem|module) ?.*)"):
        return shorten(f"{key} {found[0]} cannot be imported: {found[1]}.")
    if found := find(r"(?:Import path does not correspond to a|Not a valid) subclass of (\w+)"):
        return shorten(f"{key} {shorten(_value(message), 60)} is no {found[0]}: {_choice(key, classes)}.")
    if found := find(r"Expected a dot import path string: (.+)"):
        near = closest(found[0], classes.get(key, []))
        return shorten(f"No {key} is called {found[0]}{near}: {_choice(key, classes)}.")
    if find(r"(Unable to load config)"):
        return f"{key} is a group of options: write --{key}.NAME VALUE, or name a YAML file that holds them."
    wanted, choices, value = _wanted(message), _choices(message), _value(message)
    if wanted or choices:
        kinds = " or ".join([*wanted, *([f"one of {', '.join(choices)}"] if choices else [])])
        return shorten(f"{key} is {shorten(value, 60) or 'empty'}{closest(value, choices)}: it takes {kinds}.")
    return shorten(f"{key}: {message}" if key else message)


def origin(error: BaseException) -> BaseException:
    """What a constructor raised, where jsonargparse wrapped it into its own report; else `error`."""
    while error.__cause__ and not isinstance(error, Mistake | DataError | MisconfigurationException):
        error = error.__cause__
    return error


def refused(error: BaseException) -> BaseException:
    """`error`, or a mistake in its place where a class of Lightning's would not be made: a callback, a logger."""
    last = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    where = last.tb_frame.f_globals.get("__name__", "") if last else ""
    if isinstance(error, Mistake | DataError) or where.partition(".")[0] not in ("lightning", "jsonargparse"):
        return error
    named = re.search(r"class_path='([\w.]+)'", str(error))
    reason = error
    while reason.__context__:
        reason = reason.__context__
    said = f"{named[1] if named else 'Lightning'} refuses this: {str(reason) or type(reason).__name__}"
    return Mistake(shorten(re.sub(r"<class '([\w.]+)'>", r"\1", said)))


def _no_option(word: str, options: list[str]) -> str:
    if not word.startswith("-"):
        return f"{shorten(word, 60)} follows no option: an experiment is named as in -c mnist/wgan_gp."
    heads = {option.partition(".")[0] for option in options}
    head, dot, rest = word.partition(".")
    if head not in heads and dot:  # --modle.width
        near = closest(head, heads)
        return f"There is no option {shorten(word, 80)}{near.replace('?)', f'.{rest}?)')}: see gan-zoo fit --help."
    return f"There is no option {shorten(word, 80)}{closest(word, options)}: see gan-zoo fit --help."


def _near(word: str, names: list[str]) -> str:
    return closest(word, names) or (f": there are {', '.join(names)}" if len(names) < 12 else "")


def _choice(key: str, classes: dict[str, list[str]]) -> str:
    return f"there are {', '.join(classes[key])}, or package.module.Class" if key in classes else "package.module.Class"


def _wanted(message: str) -> list[str]:
    """The kinds that would have done: `["a whole number", "text"]`."""
    kinds: list[str] = []
    for kind in re.findall(r"Expected an? (.+?)(?:\. Got value: .*)?$", message, re.MULTILINE):
        if found := re.fullmatch(r"<class '([\w.]+)'>", kind):
            name = found.group(1).rpartition(".")[2]
            kinds += [KINDS.get(name, f"a {name}")] if name != "NoneType" else []
        elif found := re.fullmatch(r"tuple with (\d+) elements", kind):
            kinds += [f"a list of {found.group(1)} values"]
        elif not kind.startswith(("path but", "typing.Literal")):
            kinds += [f"a {kind}"]
    return list(dict.fromkeys(kinds))


def _choices(message: str) -> list[str]:
    """The words that would have done, where there is a choice."""
    lists = re.findall(r"Expected a typing\.Literal(\[.*?\])", message)
    return list(dict.fromkeys(str(word) for one in lists for word in ast.literal_eval(one)))


def _value(message: str) -> str:
    """What the user gave, innermost first."""
    found = re.search(r"(?:Got|Given) value: ?(.*)", message)
    return found.group(1).strip() if found else ""


def _parameters(class_path: str) -> list[str]:
    module, _, name = class_path.rpartition(".")
    return list(inspect.signature(getattr(importlib.import_module(module), name)).parameters)
