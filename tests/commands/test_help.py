"""`--help` explains every command and option."""

import inspect
import re
from collections.abc import Iterator

import pytest

from datamodules.mnist import MNIST
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.callbacks.watchdog import Watchdog
from gan_zoo.models.gan import GAN
from gan_zoo.models.wgan_gp import WGANGP
from tests.commands.conftest import Command


def test_help_lists_the_commands(command: Command) -> None:
    for words in ((), ("--help",), ("-h",)):
        result = command(*words)
        assert result.code == 0 and all(f"  {name} " in result.out for name in ("fit", "sample", "evaluate", "status"))
    assert command("--version").out.startswith("gan-zoo 0.")


@pytest.mark.parametrize("name", ["sample", "evaluate", "status"])
def test_help_of_a_command_explains_each_option(command: Command, name: str) -> None:
    result = command(name, "--help")
    assert result.code == 0 and result.err == ""
    options = dict(described(result.out))
    assert options and all(options.values()), options


def described(text: str) -> Iterator[tuple[str, str]]:
    """Yield each option that `--help` prints, with its help text up to the type and the default."""
    for block in re.split(r"\n(?=  -)", text)[1:]:
        block = re.split(r"\n(?! {6})", block)[0]  # up to the next heading
        head, _, rest = re.sub(r"\n +", "  ", block.strip()).partition("  ")
        yield head.split(" ")[0].split(",")[0].split("=")[0], re.sub(r"\((required|type|default)\b.*", "", rest).strip()


OWNERS = [
    ("--model.help=GAN", "model", GAN),
    ("--model.help=WGANGP", "model", WGANGP),
    ("--data.help=MNIST", "data", MNIST),
    ("--help", "grids", Grids),
    ("--help", "evaluation", Evaluation),
    ("--help", "checkpoints", Checkpoints),
    ("--help", "watchdog", Watchdog),
]


@pytest.mark.parametrize(("words", "key", "owner"), OWNERS, ids=[owner.__name__ for _, _, owner in OWNERS])
def test_help_of_fit_explains_each_argument(command: Command, words: str, key: str, owner: type) -> None:
    result = command("fit", words)
    assert result.code == 0
    explained = dict(described(result.out))
    for name in inspect.signature(owner).parameters:
        assert re.search(r"[a-z]{3}", explained[f"--{key}.{name}"]), name


@pytest.mark.parametrize("name", ["run", "seed", "max_images", "init"])
def test_help_of_fit_explains_our_own_options(command: Command, name: str) -> None:
    assert re.search(r"[a-z]{3}", dict(described(command("fit", "--help").out))[f"--{name}"])
