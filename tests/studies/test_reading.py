"""A study's file: what is wrong in it is said in one line."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.errors import Mistake
from gan_zoo.studies import reading
from gan_zoo.studies.expand import expand
from tests.studies.conftest import TINY, MakeStudy

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"matirx": {}}, "a study has no matirx (did you mean matrix?)"),
    "unknown resource": ({"resources": {"core": 1}}, "resources has no core (did you mean cores?)"),
    "unknown evaluation": ({"evaluate": {"sampels": 3}}, "evaluate has no sampels (did you mean samples?)"),
    "unknown budget": ({"budget": {"step": 3}}, "budget has no step (did you mean steps?)"),
    "unknown base": ({"base": "mnist/gna"}, "no experiment mnist/gna (did you mean mnist/gan?)"),
    "a base that is no name": ({"base": {"model": "GAN"}}, "base is {'model': 'GAN'}: name an experiment"),
    "no budget": ({"budget": None}, "budget holds nothing: it takes one of steps, images, seconds"),
    "two budgets": ({"budget": {"steps": 3, "images": 4}}, "budget holds steps and images: it takes one of"),
    "a budget of no steps": ({"budget": {"steps": 0}}, "budget.steps is 0: it takes a whole number from 1"),
    "half a step": ({"budget": {"steps": 2.5}}, "budget.steps is 2.5: it takes a whole number"),
    "no seconds": ({"budget": {"seconds": 0.0}}, "budget.seconds is 0.0"),
    "a budget in words": ({"budget": {"seconds": "long"}}, "budget.seconds is 'long'"),
    "a budget that is a number": ({"budget": 3}, "budget is 3: it takes options by name"),
    "no methods": ({"methods": {}}, "methods is empty"),
    "a method in words": ({"methods": {"gan": "GAN"}}, "methods.gan is 'GAN': it takes options by name"),
    "a method that names no directory": ({"methods": {"a/b": {}}}, "methods.a/b: a name has letters"),
    "a method that is a number": ({"methods": {1: {}}}, "methods has no 1: names are text"),
    "a method with a length of its own": (
        {"methods": {"gan": {"trainer": {"max_steps": 5}}}},
        "methods.gan sets trainer.max_steps, which the budget decides",
    ),
    "settings with a length": ({"settings": {"max_images": 5}}, "settings sets max_images, which the budget decides"),
    "a matrix of lengths": ({"matrix": {"trainer.max_steps": [5, 6]}}, "matrix sets trainer.max_steps"),
    "empty matrix": ({"matrix": {}}, "matrix is empty: list at least the seeds"),
    "a setting without values": ({"matrix": {"seed": []}}, "matrix.seed is empty"),
    "a setting with one value": ({"matrix": {"seed": 0}}, "matrix.seed is 0: it takes a list of values"),
    "a seed that is no number": ({"matrix": {"seed": ["a"]}}, "matrix.seed holds 'a': a seed is a whole number"),
    "a doubled cell": ({"matrix": {"seed": [0, 1, 0]}}, "The cell gan-s0 comes twice"),
    "two names of one run": ({"methods": {"a": {}, "b": {}}}, "The cells a-s0 and b-s0 are the same run"),
    "two values of one name": ({"matrix": {"data.root": ["a/b", "a b"]}}, "The cell gan-root=a_b-s0 comes twice"),
    "exclude of an unknown setting": ({"exclude": [{"sede": 1}]}, "exclude has no sede (did you mean seed?)"),
    "exclude that matches nothing": ({"exclude": [{"method": "wgan"}]}, "matches no cell"),
    "exclude of another value": ({"exclude": [{"seed": 7}]}, "exclude {'seed': 7} matches no cell"),
    "exclude of everything": ({"exclude": [{"seed": 0}, {"seed": 1}]}, "exclude leaves no cell"),
    "an empty exclude": ({"exclude": [{}]}, "exclude takes a list of partial cells"),
    "exclude that is no list": ({"exclude": {"seed": 1}}, "exclude takes a list of partial cells"),
    "no cores": ({"resources": {"cores": 0}}, "resources.cores is 0: it takes a whole number from 1"),
    "devices in words": ({"resources": {"devices": "all"}}, "resources.devices is 'all'"),
    "a search without trials": ({"search": {"model.betas": {"choice": [1]}}}, "search.trials is 0: it takes"),
    "a search of one trial": ({"search": {"trials": 1}}, "search.trials is 1: it takes a whole number from 2"),
    "a search of nothing": ({"search": {"trials": 2}}, "search names no setting"),
    "a search of seeds": ({"search": {"trials": 2, "seed": [0, 1]}}, "search.seed is [0, 1]: it takes a whole number"),
    "a search of lengths": (
        {"search": {"trials": 2, "max_images": {"integers": [1, 9]}}},
        "search sets max_images, which the budget decides",
    ),
    "a search of what the matrix lists": (
        {"search": {"trials": 2, "data.batch_size": {"integers": [1, 9]}}, "matrix": {"data.batch_size": [3]}},
        "search.data.batch_size is in the matrix too",
    ),
    "a range that is a value": (
        {"search": {"trials": 2, "model.width": 4}},
        "search.model.width is 4: it takes one range",
    ),
    "a range of two kinds": (
        {"search": {"trials": 2, "model.width": {"integers": [1, 2], "choice": [1]}}},
        "it takes one range, as in {uniform: [0, 1]}",
    ),
    "a range of an unknown kind": (
        {"search": {"trials": 2, "model.width": {"log_unifrom": [1, 2]}}},
        "search.model.width has no 'log_unifrom' (did you mean log_uniform?)",
    ),
    "an empty range": ({"search": {"trials": 2, "model.width": {"uniform": [2, 1]}}}, "[2, 1], which is empty"),
    "a range of one point": ({"search": {"trials": 2, "model.width": {"integers": [2, 2]}}}, "which is empty"),
    "a choice of nothing": ({"search": {"trials": 2, "model.width": {"choice": []}}}, "it takes a list of values"),
    "a range with three ends": ({"search": {"trials": 2, "model.width": {"uniform": [1, 2, 3]}}}, "takes two numbers"),
    "a range of halves": ({"search": {"trials": 2, "model.width": {"integers": [0.5, 2]}}}, "takes two whole numbers"),
    "a logarithm of nought": ({"search": {"trials": 2, "model.x": {"log_uniform": [0, 1]}}}, "needs ends above 0"),
    "a search of few points": (
        {"search": {"trials": 9, "model.n_critic": {"choice": [1, 2]}}},
        "are the same run: ask for fewer trials",
    ),
    "too many trials": ({"search": {"trials": 9999, "model.x": {"uniform": [0, 1]}}}, "2 x 2 x 9999 = 39,996 cells"),
    "retries below none": ({"retries": -1}, "retries is -1: it takes a whole number from 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_in_one_line(make_study: MakeStudy, name: str) -> None:
    changes, part = BAD[name]
    with pytest.raises(Mistake) as said:
        expand(reading.read(make_study(**changes)))
    assert part in str(said.value) and "\n" not in str(said.value)


@pytest.mark.parametrize("key", ["base", "methods", "matrix", "budget"])
def test_what_is_missing_is_named(tmp_path: Path, make_study: MakeStudy, key: str) -> None:
    file = make_study()
    file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith(key)))
    if key in ("methods", "matrix", "budget"):  # what stood below it too
        file.write_text(str({name: value for name, value in TINY.items() if name != key}))
    with pytest.raises(Mistake, match=f"it has no {key}: a study has base, methods, matrix, budget"):
        reading.read(file)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("matrix:\n  seed: [0]\nmatrix:\n  seed: [1]\n", "matrix comes twice"),
        ("methods:\n  gan: {}\n  gan: {seed: 3}\n", "gan comes twice"),
        ("- 1\n", r"holds \[1\]"),
        ("a: [1,\nb: {", "is not YAML"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str, part: str) -> None:
    (tmp_path / "s.yaml").write_text(content)
    with pytest.raises(Mistake, match=part):
        reading.read(tmp_path / "s.yaml")


def test_ours_are_found_by_name() -> None:
    assert reading.read(reading.find("mnist_objectives")).name == "mnist_objectives"
    with pytest.raises(Mistake, match=r"no study mnist_objectivs \(did you mean mnist_objectives\?\)"):
        reading.find("mnist_objectivs")


def test_numbers_are_read_as_fit_reads_them(make_study: MakeStudy) -> None:
    file = make_study()
    file.write_text(file.read_text().replace("gan: {}", "gan: {model.learning_rate: 1e-4, model.latent_law: 1e}"))
    assert reading.read(file).methods["gan"] == {"model.learning_rate": 1e-4, "model.latent_law": "1e"}


def test_evaluate_takes_every_option_of_evaluation() -> None:
    assert set(reading.EVALUATE) == set(inspect.signature(Evaluation).parameters)
