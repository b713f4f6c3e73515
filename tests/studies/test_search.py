"""The settings that trials draw, against the laws that they are drawn from."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gan_zoo.commands.study_check import chosen
from gan_zoo.studies import search
from gan_zoo.studies.expand import Cell

Cells = Callable[..., list[Cell]]
RATE = {"model.learning_rate": {"log_uniform": [1.0e-5, 1.0e-3]}}
TRIALS = 4000


def drawn(**space: Any) -> list[Any]:
    """The values of the setting `x` in many trials."""
    found = search.read({"trials": TRIALS, **space})
    return [found.draw(trial)["x"] for trial in range(TRIALS)]


@pytest.mark.parametrize(
    ("values", "law"),
    [
        ({"uniform": [-2, 6]}, stats.uniform(-2, 8)),
        ({"log_uniform": [1e-5, 1e-1]}, stats.loguniform(1e-5, 1e-1)),
    ],
)
def test_numbers_follow_their_law(values: dict[str, list[float]], law: Any) -> None:
    """The Kolmogorov-Smirnov test refuses a wrong law with p far below 0.001 at 4,000 draws; seeds are fixed."""
    assert stats.kstest(drawn(x=values), law.cdf).pvalue > 0.001


@pytest.mark.parametrize("values", [{"integers": [3, 7]}, {"choice": [3, 4, 5, 6, 7]}])
def test_each_value_is_drawn_equally_often(values: dict[str, list[int]]) -> None:
    found, counts = np.unique(drawn(x=values), return_counts=True)
    assert found.tolist() == [3, 4, 5, 6, 7]
    assert stats.chisquare(counts).pvalue > 0.001


def test_a_number_has_four_digits() -> None:
    assert all(value == float(f"{value:.3e}") for value in drawn(x={"uniform": [0, 1]}))


def test_settings_are_drawn_independently() -> None:
    both = search.read({"trials": TRIALS, "x": {"uniform": [0, 1]}, "y": {"uniform": [0, 1]}})
    pairs = [both.draw(trial) for trial in range(TRIALS)]
    correlation = np.corrcoef([pair["x"] for pair in pairs], [pair["y"] for pair in pairs])[0, 1]
    assert abs(correlation) < 4 / math.sqrt(TRIALS)


def test_more_trials_or_another_setting_change_no_draw(cells: Cells) -> None:
    few = cells(matrix={"seed": [0]}, search={"trials": 3, **RATE})
    many = cells(matrix={"seed": [0]}, search={"trials": 5, **RATE, "model.n_critic": {"integers": [1, 9]}})
    rates = [[cell.settings["model.learning_rate"] for cell in of if cell.method == "gan"] for of in (few, many)]
    assert rates[0] == rates[1][:3] and len(set(rates[1])) == 5


def test_every_method_gets_the_same_trials(cells: Cells) -> None:
    made = cells(matrix={"seed": [0, 1]}, search={"trials": 3, **RATE})
    assert [cell.name for cell in made[:4]] == ["gan-trial=0-s0", "gan-trial=1-s0", "gan-trial=2-s0", "gan-trial=0-s1"]
    assert len(made) == 12
    for cell in made:
        (same,) = {c.settings["model.learning_rate"] for c in made if c.settings["trial"] == cell.settings["trial"]}
        assert cell.config["model"]["init_args"]["learning_rate"] == same
        assert "trial" not in cell.config and cell.settings["seed"] == cell.config["seed"]


def test_one_trial_of_each_method_is_checked_before_the_runs_start(cells: Cells) -> None:
    made = cells(matrix={"seed": [0, 1]}, search={"trials": 30, **RATE})
    assert [cell.name for cell in chosen(made)] == ["gan-trial=0-s0", "gan-trial=0-s1", "lsgan-trial=0-s0"]


def test_another_seed_draws_other_trials() -> None:
    first, second = (search.read({"trials": 2, "seed": seed, "x": {"uniform": [0, 1]}}) for seed in (0, 1))
    assert first.draw(0) != second.draw(0) and first.draw(0) == search.read(
        {"trials": 2, "x": {"uniform": [0, 1]}}
    ).draw(0)
