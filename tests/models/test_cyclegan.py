"""CycleGAN: its terms in closed form, who is judged by whom, whose gradients go where, and what it writes and shows."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import gan_zoo
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.grids import Grids
from gan_zoo.errors import Mistake
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.training.trainer import Trainer
from gan_zoo.translation.routes import Translating
from tests.drivers.toy import Toy
from tests.pairs import count

SMALL: dict[str, Any] = {"width": 2, "blocks": 1, "discriminator_width": 2, "discriminator_layers": 1}
SHAPE = (3, 16, 16)


def small(**arguments: Any) -> CycleGAN:
    torch.manual_seed(0)
    return CycleGAN(SHAPE, **SMALL | arguments)


def batch(n: int = 2) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(1)
    return {key: torch.rand(n, *SHAPE, generator=draw) * 2 - 1 for key in ("a", "b")}


class Shift(nn.Module):
    """Adds a number to every pixel."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by))

    def forward(self, image: Tensor) -> Tensor:
        return image + self.by


class Mean(nn.Module):
    """Scores an image by its mean."""

    def forward(self, image: Tensor) -> Tensor:
        return image.mean((1, 2, 3))


def with_maps(a2b: nn.Module, b2a: nn.Module, **arguments: Any) -> CycleGAN:
    model = small(**arguments)
    model.generator = nn.ModuleDict({"a2b": a2b, "b2a": b2a})
    model.discriminator = nn.ModuleDict({"a": Mean(), "b": Mean()})
    return model


def test_has_the_authors_count():
    """Two generators of nine blocks and two discriminators of 70 pixels."""
    with torch.device("meta"):
        model = CycleGAN((3, 256, 256))
    assert count(model) == 28_285_832
    assert [count(model.generator), count(model.discriminator)] == [2 * 11_378_179, 2 * 2_764_737]


def test_inverse_maps_have_no_cycle_loss():
    """1e-6: two roundings of numbers of order 1, ten times weighted."""
    terms = with_maps(Shift(0.5), Shift(-0.5)).generator_loss(batch())
    assert_close(terms["generator/cycle_a"], torch.tensor(0.0), rtol=0, atol=1e-6)
    assert_close(terms["generator/cycle_b"], torch.tensor(0.0), rtol=0, atol=1e-6)
    assert_close(terms["generator/identity_a"], torch.tensor(10 * 0.5 * 0.5))


def test_maps_that_change_nothing_have_no_identity_loss():
    terms = with_maps(nn.Identity(), nn.Identity()).generator_loss(batch())
    assert [float(terms[f"generator/{name}_{key}"]) for name in ("cycle", "identity") for key in "ab"] == [0.0] * 4


def test_each_term_is_its_own_maps():
    """G adds 0.25, F 0.5. A cycle of either adds both; a horse that F sees becomes no horse by 0.5 too much."""
    given = batch()
    terms = with_maps(Shift(0.25), Shift(0.5), cycle_weight=4.0, identity_weight=0.5).generator_loss(given)
    a, b = (given[key].mean((1, 2, 3)) for key in ("a", "b"))
    expected = {
        "generator/a2b": (a + 0.25 - 1).square().mean(),
        "generator/b2a": (b + 0.5 - 1).square().mean(),
        "generator/cycle_a": torch.tensor(4 * 0.75),
        "generator/cycle_b": torch.tensor(4 * 0.75),
        "generator/identity_a": torch.tensor(4 * 0.5 * 0.5),
        "generator/identity_b": torch.tensor(4 * 0.5 * 0.25),
    }
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert_close(terms[name], value, msg=lambda text, name=name: f"{name}: {text}")


def test_no_identity_loss_is_no_term():
    assert not [name for name in small(identity_weight=0.0).generator_loss(batch()) if "identity" in name]


def test_each_discriminator_tells_its_own_set():
    """Halved least squares: 1 for its own set's images, 0 for what was made to look like them."""
    model, given = with_maps(nn.Identity(), nn.Identity()), batch()
    fakes = {"fake_a": given["b"] + 0.125, "fake_b": given["a"] - 0.25}
    terms = model.discriminator_loss(given | fakes)
    for key in ("a", "b"):
        real, fake = (one.mean((1, 2, 3)) for one in (given[key], fakes[f"fake_{key}"]))
        assert_close(terms[f"discriminator/{key}"], ((real - 1).square().mean() + fake.square().mean()) / 2)


REACHED = {
    "generator/a2b": {"generator.a2b", "discriminator.b"},
    "generator/b2a": {"generator.b2a", "discriminator.a"},
    "generator/cycle_a": {"generator.a2b", "generator.b2a"},
    "generator/cycle_b": {"generator.a2b", "generator.b2a"},
    "generator/identity_a": {"generator.b2a"},
    "generator/identity_b": {"generator.a2b"},
    "discriminator/a": {"discriminator.a"},
    "discriminator/b": {"discriminator.b"},
}
"""The networks that each term has a gradient in."""


@pytest.mark.parametrize("name", REACHED)
def test_a_term_reaches_its_networks_alone(name: str):
    model, given = small(), batch()
    given |= model.fakes(given)
    loss = model.generator_loss if name.startswith("generator") else model.discriminator_loss
    loss(given)[name].backward()
    moved = [names for names, p in model.named_parameters() if p.grad is not None and p.grad.abs().max() > 0]
    assert {".".join(one.split(".")[:2]) for one in moved} == REACHED[name]


def test_fakes_are_of_the_other_set():
    model, given = small(), batch()
    fakes = model.fakes(given)
    assert torch.equal(fakes["fake_b"], model(given["a"], "a2b"))
    assert torch.equal(fakes["fake_a"], model(given["b"], "b2a"))


def test_two_optimizers_own_two_networks_each():
    model = small()
    generators, discriminators = model.configure_optimizers()
    for optimizer, network in ((generators, model.generator), (discriminators, model.discriminator)):
        (group,) = optimizer.param_groups
        assert {id(p) for p in group["params"]} == {id(p) for p in network.parameters()}
        assert (group["lr"], group["betas"]) == (2e-4, (0.5, 0.999))


class Filled(CycleGAN):
    """Its pools are full of images that no generator made, and it keeps what its discriminators are shown."""

    def on_train_start(self) -> None:
        super().on_train_start()
        for pool in self.pools.values():
            pool.load(list(torch.full((pool.size, *SHAPE), 0.5)))

    def discriminator_loss(self, batch):
        self.shown = {key: value.clone() for key, value in batch.items()}
        return super().discriminator_loss(batch)


def train(model: CycleGAN, run: Any = None, steps: int = 1, **arguments: Any) -> CycleGAN:
    settings = {"grids": Grids(every=0, count=6), "checkpoints": Checkpoints(every=0, keep_every=0)}
    trainer = Trainer(
        run, seed=3, max_steps=steps, accelerator="cpu", enable_progress_bar=False, **settings, **arguments
    )
    trainer.fit(model, Toy(("a", "b"), SHAPE))
    return model


@pytest.fixture(scope="module")
def pooled() -> tuple[Filled, Filled]:
    """One step with pools, and without."""
    models = []
    for size in (50, 0):
        torch.manual_seed(0)
        models.append(train(Filled(SHAPE, **SMALL, pool_size=size)))
    return models[0], models[1]


def test_generators_are_not_trained_through_the_pools(pooled: tuple[Filled, Filled]):
    """They take the same step whatever the pools hold."""
    with_pools, without = (model.generator.state_dict() for model in pooled)
    assert_close(with_pools, without, rtol=0, atol=0)
    assert not torch.equal(with_pools["a2b.1.weight"], small().generator.state_dict()["a2b.1.weight"])


def test_discriminators_see_old_fakes_and_this_steps(pooled: tuple[Filled, Filled]):
    """Of eight, each old with probability 1/2; the new ones are what the generators made before their update."""
    with_pools, without = (model.shown for model in pooled)
    old = {key: (with_pools[key] == 0.5).all(dim=(1, 2, 3)) for key in ("fake_a", "fake_b")}
    assert 0 < sum(int(one.sum()) for one in old.values()) < 8
    for key, was_old in old.items():
        assert torch.equal(with_pools[key][~was_old], without[key][~was_old])
        assert not with_pools[key].requires_grad


def test_micro_batches_have_the_same_gradients():
    """Every norm is one image's own, so that parts of a minibatch are the whole; 1e-5: sums in another order."""
    whole, parts = (dict(train(small(), accumulate_grad_batches=count).named_parameters()) for count in (1, 2))
    for name, p in whole.items():
        assert_close(p.grad, parts[name].grad, rtol=1e-5, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("norm", ["instance", "batch", "layer"])
def test_each_image_is_translated_by_itself(norm: str):
    """1e-6: a batch of another size is added up in another order."""
    model, given = small(norm=norm), batch(3)
    together = model.translate(given["a"], "a2b")
    alone = torch.cat([model.translate(one, "a2b") for one in given["a"].split(1)])
    assert_close(together, alone, rtol=0, atol=1e-6)
    assert not together.requires_grad and together.abs().max() <= 1
    assert not torch.equal(together, model.translate(given["a"], "b2a"))


def test_routes_are_its_two_directions():
    model, given = small(), batch()
    assert isinstance(model, Translating)
    assert [(one.name, one.source, one.target, one.back) for one in model.routes] == [
        ("a2b", "a", "b", "b2a"),
        ("b2a", "b", "a", "a2b"),
    ]
    for route in model.routes:
        assert torch.equal(model.follow(route, given), model.translate(given[route.source], route.name))


def test_shows_each_image_translated_and_back():
    model = small()
    shown, columns = model.show(14, seed=0, examples=batch)
    assert (len(shown), columns) == (12, 6)
    given = batch(2)
    a, a2b, cycled_a, b, b2a, cycled_b = (shown[place::6] for place in range(6))
    assert torch.equal(a, given["a"]) and torch.equal(b, given["b"])
    assert torch.equal(a2b, model.translate(a, "a2b")) and torch.equal(b2a, model.translate(b, "b2a"))
    assert torch.equal(cycled_a, model.translate(a2b, "b2a")) and torch.equal(cycled_b, model.translate(b2a, "a2b"))


@pytest.mark.parametrize("average_half_life", [0, 20])
def test_its_file_translates_both_ways(tmp_path, average_half_life: int):
    model, given = train(small(average_half_life=average_half_life), tmp_path / "run", steps=2), batch()
    loaded: Any = gan_zoo.load(tmp_path / "run")
    for direction in ("a2b", "b2a"):
        assert torch.equal(loaded.translate(given["a"], direction), model.translate(given["a"], direction))


def test_the_rate_is_constant_and_then_falls_to_nothing():
    """Of the program's epochs 0 to 199 of 1,334 steps; there it falls by the epoch: 0.9901 in the 100th."""
    model = small(decay_from=133_400, decay_until=266_800)
    epochs = {0: 1.0, 99: 1.0, 100: 1.0, 150: 0.5, 199: 0.01}
    assert {epoch: model.rate(1334 * epoch) for epoch in epochs} == pytest.approx(epochs)
    assert model.rate(266_799) > 0 == model.rate(266_800)
    assert small().rate(10**9) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"image_shape": (3, 30, 32)}, "32 x 30 pixels: .* multiples of 4"),
        ({"image_shape": (3, 20, 20)}, "20 x 20 pixels are too small for model.discriminator_layers 3, which needs 24"),
        ({"pool_size": -1}, "pool_size is -1"),
        ({"decay_from": 5, "decay_until": 5}, "decay_from is 5: it must be at least 0 and below 5"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
    ],
)
def test_refuses_what_it_cannot_do(arguments: dict[str, Any], said: str):
    with pytest.raises(Mistake, match=said):
        CycleGAN(**{"image_shape": (3, 32, 32), "width": 2, "blocks": 1} | arguments)


@pytest.mark.parametrize(("shape", "direction"), [((1, 3, 18, 16), "a2b"), ((1, 3, 16, 16), "c2d")])
def test_translate_refuses_what_it_cannot_do(shape: tuple[int, ...], direction: str):
    with pytest.raises(Mistake, match=r"multiples of 4|direction is c2d: CycleGAN translates a2b and b2a\."):
        small().translate(torch.zeros(shape), direction)
