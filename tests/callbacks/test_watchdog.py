"""The watchdog speaks where a run goes wrong, is silent where it does not, and changes nothing."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.watchdog import Watchdog, mean_distance
from gan_zoo.errors import Mistake, NonFinite
from gan_zoo.models.gan import GAN
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.drivers.scripted import Low
from tests.drivers.tiny import Tiny


class Wrong(GAN):
    """A GAN that goes wrong in one way from step `FROM` on."""

    FROM = 10

    def __init__(self, gradient: float = 1.0, weight: float = 1.0, value: float = 1.0) -> None:
        super().__init__(image_shape=(1, 8, 8), latent_dim=4, width=(8,))
        self.gradient, self.weight, self.value = gradient, weight, value
        with torch.no_grad():
            self.linear(-1).weight.mul_(8)  # images as unlike as the data's, which are noise

    def linear(self, number: int) -> nn.Linear:
        return [layer for layer in self.generator.modules() if isinstance(layer, nn.Linear)][number]

    def generator_loss(self, batch: Any) -> Any:
        wrong = self.value if self.global_step >= self.FROM and self.slowing == 1 else 1.0
        return {name: term * wrong for name, term in super().generator_loss(batch).items()}

    def take_step(self, minibatches: Any) -> None:
        super().take_step(minibatches)
        if self.global_step > self.FROM:
            for p in self.generator.parameters():
                assert p.grad is not None
                p.grad *= self.gradient
        factor = {1: self.weight, 2: 1 / self.weight, 3: self.weight}.get(self.global_step // self.FROM, 1.0)
        if self.global_step % self.FROM == 0:
            with torch.no_grad():
                self.linear(0).weight.mul_(factor)


def fit(run: Path, steps: int, watchdog: Watchdog, log_every: int = 5, made: Any = None, **wrong: float) -> Run:
    trainer = Trainer(
        run=run,
        seed=1,
        max_steps=steps,
        accelerator="cpu",
        watchdog=watchdog,
        log_every_n_steps=log_every,
        enable_progress_bar=False,
        **made or {},
    )
    trainer.fit(Wrong(**wrong), Tiny(count=300))
    return Run(run)


def events(run: Run) -> list[tuple[int, str]]:
    return [(one["step"], one["kind"]) for one in run.record().get("events", [])]


def test_mean_distance_is_over_pairs() -> None:
    assert mean_distance(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])) == pytest.approx(10 / 3)


def test_a_collapse_is_said_once_and_again_after_it_was_over(tmp_path: Path) -> None:
    """Latents nearly alike, in steps 10 to 19 and 30 to 39, make images nearly alike; pixels, without an extractor."""
    run = fit(tmp_path / "x", 35, Watchdog(collapse_every=5), weight=1e-3)
    assert events(run) == [(10, "collapse"), (30, "collapse")]
    assert "256 samples differ by 0.0" in run.record()["events"][0]["message"]
    assert events(fit(tmp_path / "y", 30, Watchdog(collapse_every=5))) == []
    assert events(fit(tmp_path / "z", 30, Watchdog(collapse_every=0), weight=1e-3)) == []


def test_the_bound_of_a_collapse_is_a_share_of_the_real_distance(tmp_path: Path) -> None:
    run = fit(tmp_path / "x", 5, Watchdog(collapse_every=5, collapsed_below=100.0))
    share = float(run.record()["events"][0]["message"].split(" by ")[1].split(" ")[0])
    assert 0.2 < share < 5
    for factor, expected in ((0.95, []), (1.05, [(5, "collapse")])):  # the message rounds to two digits
        watchdog = Watchdog(collapse_every=5, collapsed_below=share * factor)
        assert events(fit(tmp_path / str(factor), 5, watchdog)) == expected


LOW = [(340, "saturation")]


@pytest.mark.parametrize(("gradient", "expected"), [(1e-5, LOW), (0.0, LOW), (1e-3, [])])
def test_a_gradient_that_vanishes_for_so_many_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gradient: float, expected: Any
) -> None:
    """Low from step 231 on, measured at every tenth, so for 100 steps at 330; read every 20."""
    monkeypatch.setattr(Wrong, "FROM", 230)
    run = fit(tmp_path / "x", 400, Watchdog(collapse_every=0, saturated_steps=100), log_every=20, gradient=gradient)
    assert events(run) == expected


SCORES = {"Low": [4.0, 1.0, 3.0, 1.9, 2.1, 5.0, 1.0], "High": [2.5, 10.0, 3.0, 5.1, 4.9, 2.0, 10.0]}


@pytest.mark.filterwarnings("ignore:The ``compute`` method")  # torchmetrics: without an update with state
@pytest.mark.parametrize("metric", list(SCORES))
def test_a_score_twice_as_bad_as_the_best_after_half_of_the_run(tmp_path: Path, metric: str) -> None:
    """Scores at 0, 10, ... 60: the first that is over the bound lies before half, one just within it, one just over."""
    here = "tests.drivers.scripted"
    Low.script[:] = SCORES[metric]
    evaluation = Evaluation(f"{here}:Pixels", (f"{here}:{metric}",), every=10, samples=8, share=1.0)
    run = fit(tmp_path / "x", 60, Watchdog(collapse_every=0, jump=2.0), made={"evaluation": evaluation})
    assert len(list(lines(run.evaluations_file))) == 7
    assert events(run) == [(40, "score")]
    best = {"Low": 1, "High": 10}[metric]
    assert f"after {best} at step 10" in run.record()["events"][0]["message"]


def test_a_loss_that_is_no_number_stops_the_run_with_an_event(tmp_path: Path) -> None:
    with pytest.raises(NonFinite):
        fit(tmp_path / "x", 30, Watchdog(), value=math.nan, made={"checkpoints": Checkpoints(every=5)})
    assert events(Run(tmp_path / "x")) == [(15, "non_finite")]
    assert Run(tmp_path / "x").record()["status"] == "failed"


def test_a_run_goes_back_to_its_checkpoint_and_on_more_slowly(tmp_path: Path) -> None:
    """And again after the kill that a failure is: the command with `roll_backs` goes on from where the other ended."""
    every = {"checkpoints": Checkpoints(every=5)}
    with pytest.raises(NonFinite):
        fit(tmp_path / "x", 30, Watchdog(), value=math.nan, made=every)
    run = fit(tmp_path / "x", 30, Watchdog(roll_backs=1, slower=0.25), value=math.nan, made=every)
    assert run.record()["status"] == "finished"
    assert "with 0.25 times the learning rates" in run.record()["events"][-1]["message"]
    assert [line["step"] for line in lines(run.metrics_file)] == [5, 10, 15, 20, 25, 30]
    kept = torch.load(run.last, weights_only=True)
    assert [one["param_groups"][0]["lr"] for one in kept["optimizer_states"]] == [2e-4 * 0.25] * 2
    once = fit(tmp_path / "y", 30, Watchdog(roll_backs=1, slower=0.25), value=math.nan, made=every)
    assert_close(kept["state_dict"], torch.load(once.last)["state_dict"], rtol=0, atol=0)
    again = fit(tmp_path / "y", 40, Watchdog(roll_backs=1, slower=0.25), value=math.nan, made=every)
    assert again.row()["step"] == 40, "the lower rates are kept with the checkpoint"


def test_it_goes_back_so_often_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wrong, "slowing", property(lambda _: 1.0, lambda *_: None))  # slower does not help
    with pytest.raises(NonFinite):
        every = {"checkpoints": Checkpoints(every=5)}
        fit(tmp_path / "x", 30, Watchdog(roll_backs=2), value=math.nan, made=every)
    assert len(events(Run(tmp_path / "x"))) == 3
    with pytest.raises(NonFinite):
        fit(tmp_path / "y", 30, Watchdog(roll_backs=2), value=math.nan, made={"checkpoints": Checkpoints(every=0)})
    assert len(events(Run(tmp_path / "y"))) == 1, "there was no checkpoint to go back to"


def test_it_changes_nothing_and_resumes_exactly(tmp_path: Path) -> None:
    def watched(name: str, *lengths: int, **more: Any) -> dict[str, Any]:
        for steps in lengths:
            watchdog = Watchdog(collapse_every=7, saturated_steps=20, **more)
            fit(tmp_path / name, steps, watchdog, log_every=9, weight=1e-3)
        return torch.load(tmp_path / name / "checkpoints/last.ckpt", weights_only=True)

    whole, parts = watched("whole", 60), watched("parts", 13, 38, 60)
    assert whole["callbacks"]["Watchdog"] == parts["callbacks"]["Watchdog"]
    assert whole["callbacks"]["Watchdog"]["norms"] and whole["callbacks"]["Watchdog"]["waiting"]
    assert events(Run(tmp_path / "whole")) == events(Run(tmp_path / "parts"))
    assert events(Run(tmp_path / "whole")) == [(14, "collapse"), (35, "collapse")]
    blind = watched("blind", 60, collapsed_below=0.0, saturated_below=0.0)
    assert events(Run(tmp_path / "blind")) == []
    assert_close(parts["state_dict"], whole["state_dict"], rtol=0, atol=0)
    assert_close(blind["state_dict"], whole["state_dict"], rtol=0, atol=0)


@pytest.mark.parametrize("wrong", [{"slower": 1.0}, {"slower": 0.0}, {"jump": 0.5}, {"roll_backs": -1}])
def test_settings_have_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(Mistake, match=rf"watchdog\.{next(iter(wrong))}"):
        Watchdog(**wrong)
