"""Input that would grow beyond all memory or time is refused in one line, before anything is built from it."""

import time
from pathlib import Path

import pytest

from gan_zoo.commands.class_names import import_all
from gan_zoo.errors import Mistake
from gan_zoo.run.directory import Run
from tests.commands.conftest import TINY, Command, Refused

LEVELS = "".join(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 9)}]\n" for i in range(1, 9))
YAMLS = {
    "a loop": ("&a {model: *a}", "the value &a contains itself"),
    "a bomb": (f"b0: &b0 [{', '.join('x' * 9)}]\n{LEVELS}model: *b8\n", "more than 100,000 values"),
    "a chain": ("a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 99)), "inside one another"),
    "deep": (f"model: {'[' * 5000}{']' * 5000}", "more than 50 values are inside one another"),
    "wide": (f"model: [{', '.join('x' * 200_000)}]", "more than 100,000 values"),
    "long": (f"model: {'x' * 1_000_001}", "more than 1,000,000 characters"),
    "digits": (f"seed: {'9' * 10_000}", "a number of more than 40 digits"),
    "text that is YAML": ('model: {class_path: GAN, init_args: {width: "&a {b: *a}"}}', "contains itself"),
}
SECONDS = 10.0
"""Time of the processor that a refusal may take."""


@pytest.mark.parametrize("words", [["fit", "-c"], ["data", "show", "-c"], ["study"]], ids=" ".join)
@pytest.mark.parametrize("name", YAMLS)
def test_yaml_is_measured_before_it_is_read(refused: Refused, tmp_path: Path, name: str, words: list[str]) -> None:
    content, part = YAMLS[name]
    (tmp_path / "config.yaml").write_text(content)
    import_all()  # takes seconds, once
    start = time.process_time()
    assert part in refused(*words, "config.yaml")
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("name", YAMLS)
def test_the_configuration_of_a_run_is_measured(tmp_path: Path, name: str) -> None:
    content, part = YAMLS[name]
    (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(Mistake, match=part):
        Run(tmp_path).config()


def test_yaml_on_the_command_line_is_measured(refused: Refused) -> None:
    assert "contains itself" in refused("fit", *TINY, "--model.width=&a {b: *a}")
    assert "inside one another" in refused("fit", *TINY, "--model.width", "[" * 3000)
    assert "40 digits" in refused("fit", *TINY, "--seed", "9" * 5000)


def test_anchors_that_repeat_little_are_read(command: Command, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("watchdog: &a {jump: 9}\ntrainer: {max_steps: 0}\nmodel: {class_path: GAN}\n")
    assert command("fit", *TINY, "-c", "good.yaml", "--run", "x").code == 0
