"""Random wrong command lines, made from the real options."""

import random
import re

import pytest

from tests.commands.conftest import TINY, Command, Refused


def misspelt(word: str, draw: random.Random) -> str:
    """Return `word` with one letter lost, doubled, replaced or swapped, after its first dot."""
    start = word.find(".") + 1 or 2
    at = draw.randrange(start, len(word))
    letter = draw.choice("abcdefghijklmnopqrstuvwxyz")
    match draw.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at] + word[at:]
        case 2:
            return word[:at] + letter + word[at + 1 :]
        case _:
            return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


@pytest.mark.slow
def test_two_hundred_bad_command_lines(command: Command, refused: Refused) -> None:
    """Each is a correct command line with one mistake, drawn at random."""
    draw = random.Random(0)
    text = command("fit", "--help").out + command("fit", "--model.help=GAN").out
    types = dict(re.findall(r"\n  (--[\w.]+) .*?\(.*?type:\s+([^,)]+(?:\[[^\]]*\])?)", re.sub(r"\n {6,}", " ", text)))
    assert len(types) > 60
    options = [name for name in types if "." in name or name[2:] in ("seed", "run", "init", "max_images")]
    numbers = [name for name in options if re.fullmatch(r"(int|float|bool)( \| null)?", types[name].strip())]
    assert len(numbers) > 20
    names = {*options, *types, "--model", "--data", "--trainer", "--config", "--print_config"}
    tried = 0
    while tried < 200:
        option = draw.choice(options)
        match draw.randrange(6):
            case 0 | 1:
                words = [misspelt(option, draw), "1"]
                if words[0] in names:
                    continue
            case 2:
                value = draw.choice(["four", "[1", "{a: 1}", "1.2.3", "-", "a b\nc", "x" * 400, "é\t", "'", "[[]]"])
                words = [draw.choice(numbers), value]
            case 3:
                words = [option]
            case 4:
                words = [draw.choice(["3", "fit", "mnist/gan", "*", "?" * 300, "--", "-x", "--=", "--.", "-c="])]
            case _:
                words = [draw.choice(["--model", "--data"]), draw.choice(["GNA", "a.b.C", "3", "[]", "os"])]
        good = [*TINY, "--trainer.max_steps", "0", "--run", "r"]
        first = draw.random() < 0.5 and len(words) == 2 and words[0] not in ("--model", "--data")
        try:
            refused("fit", *([*words, *good] if first else [*good, *words]))
        except BaseException as error:
            raise AssertionError(f"{words}: {error}") from error
        tried += 1
