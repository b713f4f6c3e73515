"""The Markdown pages: links lead somewhere, commands and options exist, tables and examples are true."""

import importlib.util
import inspect
import io
import re
import shlex
import tomllib
from contextlib import redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import pytest
import torch
import yaml

import gan_zoo
from datamodules.mnist import MNIST
from gan_zoo.cli import COMMANDS, run
from gan_zoo.commands.class_names import import_all
from gan_zoo.commands.data import COMMANDS as DATA_COMMANDS
from gan_zoo.commands.fit import prepare
from gan_zoo.commands.latent import COMMANDS as LATENT_COMMANDS
from gan_zoo.module import GenerativeModule
from gan_zoo.studies import reading
from gan_zoo.studies.expand import expand
from tests.test_structure import FLOORS

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY", "experiments/README")),
    *DOCS,
]
SECTIONS: dict[str, type] = {"model": GenerativeModule, "data": L.LightningDataModule}
"""Sections of a configuration that name a class, and the base class of that class."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def commands(markdown: str) -> list[list[str]]:
    """Return the words of every `gan-zoo ...` and `make ...` in fenced and indented blocks and in code within a line.

    A `gan-zoo` that torchrun or srun starts counts too.
    """
    blocks = re.findall(r"^ *```[^\n]*\n(.*?)^ *```", markdown, re.DOTALL | re.MULTILINE)
    indented = re.findall(r"^(?: {4,}|\t)(.+)$", markdown, re.MULTILINE)
    lines = dict.fromkeys(line.strip().removeprefix("$ ") for line in "\n".join([*blocks, *indented]).splitlines())
    lines = [re.sub(r"^(?:torchrun|srun) .*?gan[-_]zoo ", "gan-zoo ", line) for line in lines]
    inline = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", markdown)
    return [
        shlex.split(line.rstrip("\\"), comments=True) for line in [*lines, *inline] if re.match("(gan-zoo|make) ", line)
    ]


def test_commands_are_found_in_blocks_and_in_code() -> None:
    page = (
        "gan-zoo -\n```\n$ gan-zoo fit -c x \\\n  --x\n```\n  ```\n  make a # x\n  ```\n\n    gan-zoo b\n`gan-zoo c`\n"
        "\n    torchrun --nnodes 2 -m -- gan_zoo fit -c d\n"
    )
    assert [" ".join(words) for words in commands(page)] == [
        "gan-zoo fit -c x",
        "make a",
        "gan-zoo b",
        "gan-zoo fit -c d",
        "gan-zoo c",
    ]


def section(page: str, title: str) -> str:
    """Return the text of docs/`page` under the heading `title`."""
    return (ROOT / "docs" / page).read_text().split(f"## {title}\n")[1].split("\n## ")[0]


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of `page`, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        if not file.startswith("https://"):
            target = page.parent / file if file else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_index_and_in_the_readme() -> None:
    index, readme = (ROOT / "docs/index.md").read_text().splitlines(), (ROOT / "README.md").read_text()
    assert not [page.name for page in DOCS if page.stem not in (*index, "index")]
    assert not [page.name for page in DOCS if page.stem not in ("index", "api") and f"(docs/{page.name})" not in readme]


@every_page
def test_the_commands_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for words in commands(page.read_text()):
        known = targets if words[0] == "make" else COMMANDS
        assert words[1].startswith("-") or words[1] in known, " ".join(words)
        if "-c" in words and not (name := words[words.index("-c") + 1]).endswith(".yaml") and "..." not in name:
            assert (ROOT / "experiments" / f"{name}.yaml").is_file(), " ".join(words)
    for module in re.findall(r"python -m ([\w.]+)", page.read_text()):
        assert importlib.util.find_spec(module), module


@every_page
def test_the_options_of_the_commands_exist(page: Path) -> None:
    for program, *words in commands(page.read_text()):
        if program == "gan-zoo" and words[0] in COMMANDS:
            used = {word.split("=")[0] for word in words if word.startswith("--")}
            assert not used - options(" ".join(words[: 1 + (words[0] == "data")])) - class_options(words), words


@every_page
def test_the_options_that_sentences_mention_exist(page: Path) -> None:
    code = " ".join(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page.read_text()))
    names = [*COMMANDS, *(f"data {name}" for name in DATA_COMMANDS), *(f"latent {name}" for name in LATENT_COMMANDS)]
    known = set[str]().union(*map(options, names), *(parameters(key, "") for key in SECTIONS))
    assert not set(re.findall(r"(?<![\w-])--[a-z][\w-]*(?:\.[\w-]+)*(?![\w.*-])", code)) - known


@cache
def options(command: str) -> frozenset[str]:
    """Return the options that `gan-zoo COMMAND --help` lists."""
    text = io.StringIO()
    with redirect_stdout(text), suppress(SystemExit):
        run([*command.split(), "--help"])
    return frozenset(re.findall(r"--[a-z][\w.-]*", text.getvalue()))


def class_options(words: list[str]) -> set[str]:
    """Return the options of the model and of the data that the words of a command name."""
    named = {}
    if "-c" in words and (file := ROOT / "experiments" / f"{words[words.index('-c') + 1]}.yaml").is_file():
        named = {key: value["class_path"] for key, value in yaml.safe_load(file.read_text()).items() if key in SECTIONS}
    named |= {key: words[words.index(f"--{key}") + 1] for key in SECTIONS if f"--{key}" in words}
    return set[str]().union(*(parameters(key, path.rpartition(".")[2]) for key, path in named.items()))


def parameters(key: str, name: str) -> set[str]:
    """Return the options of the class `name` in the section `key`; for the name "", those of all its classes."""
    import_all()
    kinds, waiting = [], [SECTIONS[key]]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        kinds += [kind] if name in ("", kind.__name__) else []
    return {f"--{key}.{parameter}" for kind in kinds for parameter in inspect.signature(kind).parameters}


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    released = re.findall(r"^## \[(\d[\d.]*)\] - (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert gan_zoo.__version__ == project["version"] == citation["version"] == released[0]
    assert str(citation["date-released"]) == released[1]


def test_the_floors_in_architecture_are_those_of_the_structure_test() -> None:
    rows = re.findall(r"^\| \d+ \| (.+?) \|", section("architecture.md", "Rooms and floors"), re.MULTILINE)
    floors = [{name.removesuffix(".py").rstrip("/") for name in re.findall(r"`([^`]+)`", row)} for row in rows]
    assert floors == [set(floor) - {"__init__", "__main__"} for floor in FLOORS]


@pytest.mark.parametrize("title", ["Where to look", "The life of one image", "The life of one option"])
def test_the_files_of_a_walk_exist(title: str) -> None:
    paths = re.findall(r"`((?:gan_zoo|datamodules)/[\w/.]*)`", section("architecture.md", title))
    assert paths and not [path for path in paths if not (ROOT / path).exists()]


def test_an_option_of_a_model_reaches_the_loop_through_four_files() -> None:
    steps = re.findall(r"^\d\. `([^`]+)`", section("architecture.md", "The life of one option"), re.MULTILINE)
    assert len(steps) == 4
    naming = [path for path in (ROOT / "gan_zoo").rglob("*.py") if "n_critic" in path.read_text()]
    elsewhere = {str(path.relative_to(ROOT)) for path in naming if path.parent.name != "models"}
    assert elsewhere == {"gan_zoo/adversarial.py", "gan_zoo/bounds.py"}, "no other file knows the option"
    line = prepare(["-c", "mnist/wgan_gp", "--model.n_critic", "3", "--trainer.accelerator", "cpu"])
    assert isinstance(line.model, GenerativeModule) and line.model.feed(0).minibatches == 3


def test_the_messages_of_troubleshooting_are_in_the_code() -> None:
    code = "".join(path.read_text() for path in (ROOT / "gan_zoo").rglob("*.py"))
    messages = re.findall(r'^\| "([^"]+)"', section("troubleshooting.md", "It does not resume"), re.MULTILINE)
    parts = [part for message in messages for part in re.split(r"\(?\.\.\.\)?", message)]
    assert len(messages) >= 5 and not [part for part in parts if part not in code]


def test_the_study_of_the_page_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        re.findall(r"```yaml\n(.*?)```", section("studies.md", "A study"), re.DOTALL)[0]
    )
    assert (
        len(expand(reading.read(tmp_path / "mine.yaml"))) == 2 * 2 * 2 - 2
    )  # methods, seeds, sizes; less the excluded


def test_the_model_of_the_page_trains() -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs/adding_a_paper.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code[0], names)
    model = names["TinyGAN"](image_shape=(1, 28, 28))
    before = [parameter.clone() for parameter in model.parameters()]
    gan_zoo.trainer(max_steps=1, accelerator="cpu", enable_progress_bar=False).fit(model, MNIST())
    assert all(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
