"""WGAN: when its critic is clipped, how many updates the critic takes, and that both survive a resume."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from datamodules.mnist import MNIST
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.grids import Grids
from gan_zoo.errors import Mistake
from gan_zoo.models.wgan import WGAN, critic_updates
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer

TINY: dict[str, Any] = {"image_shape": (1, 28, 28), "latent_dim": 3, "architecture": "mlp", "width": (4,)}
CLIP = 0.01


class Recording(WGAN):
    """Keeps the critic's parameters as each loss receives them."""

    def discriminator_loss(self, batch):
        self.record("critic")
        return super().discriminator_loss(batch)

    def generator_loss(self, batch):
        self.record("generator")
        return super().generator_loss(batch)

    def record(self, turn: str) -> None:
        weights = torch.cat([p.detach().flatten() for p in self.discriminator.parameters()])
        self.__dict__.setdefault("seen", []).append((turn, weights))


def train(kind: type[WGAN], steps: int, run: Path | None = None, **arguments: Any) -> WGAN:
    trainer = Trainer(
        run=run,
        seed=5,
        max_steps=steps,
        log_every_n_steps=10,
        grids=Grids(every=0, count=1),
        checkpoints=Checkpoints(every=0, keep_every=0),
        accelerator="cpu",
        enable_progress_bar=False,
    )
    model = kind(**TINY | arguments)
    trainer.fit(model, MNIST(batch_size=2))
    return model


@pytest.fixture(scope="module", params=["mlp", "dcgan"])
def seen(request: pytest.FixtureRequest) -> list[tuple[str, Tensor]]:
    """Train three steps of four critic updates, at a large rate, so that many weights reach the bound."""
    networks = {"mlp": {"architecture": "mlp", "width": (8,)}, "dcgan": {"architecture": "dcgan", "width": 2}}
    arguments = {"warm_up": 4, "weight_clip": CLIP, "learning_rate": 1e-3}
    return train(Recording, 3, **networks[request.param], **arguments).__dict__["seen"]


def test_all_parameters_are_within_the_clip_at_each_update_of_the_critic(seen):
    """The first update too, before which batch norm's gains are 1. The bound is 0.01 rounded to float32."""
    turns = [weights for turn, weights in seen if turn == "critic"]
    assert len(turns) == 12
    assert all(weights.abs().max() <= torch.tensor(CLIP) for weights in turns)


def test_the_clip_is_reached_on_both_sides(seen):
    last = [weights for turn, weights in seen if turn == "critic"][-1]
    bound = torch.tensor(CLIP)
    assert (last == bound).any() and (last == -bound).any()
    assert (last.abs() < bound).any(), "but some weights are between"


def test_generator_sees_the_critic_as_its_last_update_left_it(seen):
    """The critic is clipped before its updates, so it is beyond the bound by at most one update of RMSprop.

    An update is at most lr / sqrt(1 - alpha) = 10 lr, when the mean square has seen only this gradient.
    """
    turns = [weights for turn, weights in seen if turn == "generator"]
    assert len(turns) == 3
    for weights in turns:
        assert CLIP < weights.abs().max() <= CLIP + 10 * 1e-3 * 1.001


def test_warm_up_over_1001_steps():
    model = WGAN(**TINY)
    updates = [model.feed(step).minibatches for step in range(1001)]
    assert [step for step, minibatches in enumerate(updates) if minibatches == 100] == [*range(25), 500, 1000]
    assert updates.count(5) == 1001 - 27
    assert model.feed(500) == model.feed(500), "it depends on the step only"


def test_warm_up_and_n_critic_are_the_models_own_numbers():
    model = WGAN(**TINY, n_critic=2, warm_up=7)
    assert [model.feed(step).minibatches for step in (0, 24, 25, 499, 500, 501)] == [7, 7, 2, 2, 7, 2]
    assert critic_updates(24, n_critic=1, warm_up=1) == 1


STEPS = 504
RESUMED = (24, 25, 500)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train one run without a stop, and one with a stop at each of three steps, with 3 critic updates or 1."""
    folder = tmp_path_factory.mktemp("runs")
    train(WGAN, STEPS, folder / "whole", n_critic=1, warm_up=3)
    for stop in (*RESUMED, STEPS):
        train(WGAN, stop, folder / "stopped", n_critic=1, warm_up=3)
    return folder


@pytest.mark.slow
def test_a_run_resumed_on_each_side_of_the_warm_up_equals_one_that_was_not_stopped(runs):
    contents = [torch.load(runs / name / "checkpoints/last.ckpt", weights_only=True) for name in ("whole", "stopped")]
    for part in ("state_dict", "gan_zoo"):
        assert flat(contents[0][part]) == flat(contents[1][part])
    assert flat(contents[0]["optimizer_states"]) == flat(contents[1]["optimizer_states"])


def test_lines_and_images_of_a_resumed_run_are_those_of_the_whole(runs):
    clocks = ("seconds", "images_per_second")
    records = [
        [{k: v for k, v in line.items() if k not in clocks} for line in lines(runs / name / "metrics.jsonl")]
        for name in ("whole", "stopped")
    ]
    assert records[0] == records[1]
    warm, rest = 25 + 1, STEPS - 26
    assert records[0][-1]["images"] == 2 * (3 * warm + 1 * rest)
    assert json.loads((runs / "stopped" / "run.json").read_text())["status"] == "finished"


def flat(nest: Any) -> Any:
    """Return tensors as their bytes, so that nests are compared bit for bit."""
    if isinstance(nest, Tensor):
        return nest.numpy().tobytes()
    if isinstance(nest, dict):
        return {name: flat(value) for name, value in nest.items()}
    return [flat(value) for value in nest] if isinstance(nest, list | tuple) else nest


@pytest.mark.parametrize("wrong", [{"weight_clip": 0.0}, {"weight_clip": float("nan")}, {"warm_up": 0}])
def test_arguments_out_of_bounds_are_refused(wrong):
    with pytest.raises(Mistake, match=rf"model\.{next(iter(wrong))} is .*must be"):
        WGAN(**TINY, **wrong)


def test_optimizers_are_rmsprop_with_the_librarys_values():
    for optimizer in WGAN(**TINY).configure_optimizers():
        assert isinstance(optimizer, torch.optim.RMSprop)
        group = optimizer.param_groups[0]
        assert [group[name] for name in ("lr", "alpha", "eps", "momentum")] == [5e-5, 0.99, 1e-8, 0]


@pytest.mark.parametrize(("size", "generator", "discriminator"), [(64, 3_576_704, 2_765_568), (32, 1_068_928, 663_296)])
def test_networks_are_the_authors_batch_norm_in_the_critic_included(size, generator, discriminator):
    model = WGAN(image_shape=(3, size, size))
    assert sum(p.numel() for p in model.generator.parameters()) == generator
    assert sum(p.numel() for p in model.discriminator.parameters()) == discriminator
    assert any(isinstance(part, torch.nn.BatchNorm2d) for part in model.discriminator.modules())
