"""Input that would grow beyond all memory or time is refused in one line, before anything is built from it."""

import os
import time
from pathlib import Path

import pytest
import yaml

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


def test_the_cells_of_a_study_are_counted_before_they_are_made(refused: Refused, tmp_path: Path) -> None:
    matrix = {name: list(range(10)) for name in ("seed", *(f"model.a{number}" for number in range(11)))}
    study = {"base": "mnist/gan", "methods": {"gan": {}}, "matrix": matrix, "budget": {"steps": 1}}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(study))
    assert "= 1,000,000,000,000 cells: it may have 10,000" in refused("study", "s.yaml", "--dry-run")
    study["matrix"], study["exclude"] = {"seed": [0]}, [{"seed": 1}] * 1001
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(study))
    assert "exclude lists 1,001 partial cells" in refused("study", "s.yaml", "--dry-run")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--model.latent_dim", 10**12], "The model has a tensor of 8 x 1000000000000 numbers, which takes 3.2e+04 GB"),
        (["--model.width", "[60000000, 60000]"], "The model has a tensor of 60000000 x 60000 numbers"),
        (["--model.latent_dim", 2**63], "latent_dim is 9223372036854775808: whole numbers go up to"),
        (
            ["--model", "WGANGP", "--model.n_critic", 10**9],
            "A step of 4,000,000,000 images (1,000,000,000 mini",
        ),
        (["--grids.count", 10**12], "grids.count is 1000000000000: it must be at least 1 and at most 10000."),
    ],
    ids=["latent_dim", "width", "64 bits", "n_critic", "grids"],
)
def test_what_does_not_fit_into_memory_is_not_begun(refused: Refused, words: list[object], part: str) -> None:
    assert part in refused("fit", *TINY, "--trainer.max_steps", 1, *words, "--run", "x")


def test_a_minibatch_whose_gradient_does_not_fit_is_not_begun(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images fit, and what the generator keeps of them does not: 48 images of 512 x 512 pixels."""
    monkeypatch.setattr("gan_zoo.memory.available", lambda: 3 * 10**8)
    words = ["--data.size", 512, "--data.batch_size", 48, "--model.architecture", "dcgan", "--model.width", 8]
    message = refused("fit", *TINY, *words, "--trainer.max_steps", 1, "--run", "x")
    assert "The generator's gradient for a minibatch of 48 images would take about" in message
    assert "choose a smaller data.batch_size" in message


def test_more_images_than_memory_are_not_sampled(refused: Refused, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_zoo.memory.available", lambda: 10**8)
    assert "A grid of 10,000,000 images would take" in refused("sample", run, "--count", 10_000_000, "--out", "x.png")
    assert "--count is 1000000000000" in refused("sample", run, "--count", 10**12, "--out", "x")


@pytest.mark.parametrize(
    "words", ["data check", "sample", "sample x --out", "evaluate", "fit --init", "data show --data.root"]
)
def test_a_pipe_is_not_waited_for(refused: Refused, tmp_path: Path, words: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "pipe is a pipe or a device" in refused(*words.split(), "pipe")


def test_a_name_that_no_file_can_have_is_one_line(refused: Refused) -> None:
    for words in (["sample", "x"], ["status"], ["stylize", "--style", "a.png", "--content"], ["report"]):
        assert refused(*words, *["x" * 300], *(["--out", "y.png"] if words[0] in ("sample", "stylize") else []))
