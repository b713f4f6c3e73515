"""CycleGAN: its loss terms in closed form, which networks each term trains, the pools, checkpoints and sample grids."""

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
    """The tolerance of 1e-6 allows two roundings of numbers of order 1, with a weight of ten."""
    terms = with_maps(Shift(0.5), Shift(-0.5)).generator_loss(batch())
    assert_close(terms["generator/cycle_a"], torch.tensor(0.0), rtol=0, atol=1e-6)
    assert_close(terms["generator/cycle_b"], torch.tensor(0.0), rtol=0, atol=1e-6)
    assert_close(terms["generator/identity_a"], torch.tensor(10 * 0.5 * 0.5))


def test_identity_maps_have_no_identity_loss():
    terms = with_maps(nn.Identity(), nn.Identity()).generator_loss(batch())
    assert [float(terms[f"generator/{name}_{key}"]) for name in ("cycle", "identity") for key in "ab"] == [0.0] * 4


def test_each_term_has_its_closed_form():
    """G adds 0.25 and F 0.5, so both cycles add 0.75. F changes images of A by 0.5, and G those of B by 0.25."""
    images = batch()
    terms = with_maps(Shift(0.25), Shift(0.5), cycle_weight=4.0, identity_weight=0.5).generator_loss(images)
    a, b = (images[key].mean((1, 2, 3)) for key in ("a", "b"))
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


def test_without_identity_loss_there_is_no_term_for_it():
    assert not [name for name in small(identity_weight=0.0).generator_loss(batch()) if "identity" in name]


def test_each_discriminator_has_the_least_squares_of_its_own_set():
    """The least squares are halved. The target is 1 for real images of its set, and 0 for generated ones."""
    model, images = with_maps(nn.Identity(), nn.Identity()), batch()
    fakes = {"fake_a": images["b"] + 0.125, "fake_b": images["a"] - 0.25}
    terms = model.discriminator_loss(images | fakes)
    for key in ("a", "b"):
        real, fake = (image.mean((1, 2, 3)) for image in (images[key], fakes[f"fake_{key}"]))
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
"""The networks in which each term has a gradient."""


@pytest.mark.parametrize("name", REACHED)
def test_a_term_trains_only_its_networks(name: str):
    model, images = small(), batch()
    images |= model.fakes(images)
    loss = model.generator_loss if name.startswith("generator") else model.discriminator_loss
    loss(images)[name].backward()
    trained = [weight for weight, p in model.named_parameters() if p.grad is not None and p.grad.abs().max() > 0]
    assert {".".join(weight.split(".")[:2]) for weight in trained} == REACHED[name]


def test_fakes_are_translations_of_the_other_set():
    model, images = small(), batch()
    fakes = model.fakes(images)
    assert torch.equal(fakes["fake_b"], model(images["a"], "a2b"))
    assert torch.equal(fakes["fake_a"], model(images["b"], "b2a"))


def test_two_optimizers_own_two_networks_each():
    model = small()
    generators, discriminators = model.configure_optimizers()
    for optimizer, network in ((generators, model.generator), (discriminators, model.discriminator)):
        (group,) = optimizer.param_groups
        assert {id(p) for p in group["params"]} == {id(p) for p in network.parameters()}
        assert (group["lr"], group["betas"]) == (2e-4, (0.5, 0.999))


class Filled(CycleGAN):
    """A model whose pools start full of constant images, and which keeps the batches of its discriminators."""

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
    """A model after one step with pools, and one after a step without."""
    models = []
    for size in (50, 0):
        torch.manual_seed(0)
        models.append(train(Filled(SHAPE, **SMALL, pool_size=size)))
    return models[0], models[1]


def test_the_pools_do_not_affect_the_generators_step(pooled: tuple[Filled, Filled]):
    with_pools, without = (model.generator.state_dict() for model in pooled)
    assert_close(with_pools, without, rtol=0, atol=0)
    assert not torch.equal(with_pools["a2b.1.weight"], small().generator.state_dict()["a2b.1.weight"])


def test_discriminators_see_old_fakes_and_those_of_the_step(pooled: tuple[Filled, Filled]):
    """Each of eight fakes is old with probability 1/2. The new ones were generated before the generators' update."""
    with_pools, without = (model.shown for model in pooled)
    old = {key: (with_pools[key] == 0.5).all(dim=(1, 2, 3)) for key in ("fake_a", "fake_b")}
    assert 0 < sum(int(mask.sum()) for mask in old.values()) < 8
    for key, is_old in old.items():
        assert torch.equal(with_pools[key][~is_old], without[key][~is_old])
        assert not with_pools[key].requires_grad


def test_micro_batches_have_the_same_gradients():
    """Instance norm treats each image alone, so the split does not matter. 1e-5 allows sums in another order."""
    whole, parts = (dict(train(small(), accumulate_grad_batches=count).named_parameters()) for count in (1, 2))
    for name, p in whole.items():
        assert_close(p.grad, parts[name].grad, rtol=1e-5, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("norm", ["instance", "batch", "layer"])
def test_a_translation_does_not_depend_on_the_other_images(norm: str):
    """1e-6 allows another order of sums in batches of another size."""
    model, images = small(norm=norm), batch(3)
    together = model.translate(images["a"], "a2b")
    alone = torch.cat([model.translate(image, "a2b") for image in images["a"].split(1)])
    assert_close(together, alone, rtol=0, atol=1e-6)
    assert not together.requires_grad and together.abs().max() <= 1
    assert not torch.equal(together, model.translate(images["a"], "b2a"))


def test_routes_are_the_two_directions():
    model, images = small(), batch()
    assert isinstance(model, Translating)
    assert [(route.name, route.source, route.target, route.back) for route in model.routes] == [
        ("a2b", "a", "b", "b2a"),
        ("b2a", "b", "a", "a2b"),
    ]
    for route in model.routes:
        assert torch.equal(model.follow(route, images), model.translate(images[route.source], route.name))


def test_the_grid_shows_each_image_translated_and_back():
    model = small()
    shown, columns = model.show(14, seed=0, examples=batch)
    assert (len(shown), columns) == (12, 6)
    images = batch(2)
    a, a2b, cycled_a, b, b2a, cycled_b = (shown[place::6] for place in range(6))
    assert torch.equal(a, images["a"]) and torch.equal(b, images["b"])
    assert torch.equal(a2b, model.translate(a, "a2b")) and torch.equal(b2a, model.translate(b, "b2a"))
    assert torch.equal(cycled_a, model.translate(a2b, "b2a")) and torch.equal(cycled_b, model.translate(b2a, "a2b"))


@pytest.mark.parametrize("average_half_life", [0, 20])
def test_the_saved_generator_translates_both_ways(tmp_path, average_half_life: int):
    model, images = train(small(average_half_life=average_half_life), tmp_path / "run", steps=2), batch()
    loaded: Any = gan_zoo.load(tmp_path / "run")
    for direction in ("a2b", "b2a"):
        assert torch.equal(loaded.translate(images["a"], direction), model.translate(images["a"], direction))


def test_the_rate_is_constant_and_then_decays_to_0():
    """The program's 200 epochs have 1,334 steps each. It decays by the epoch, so that epoch 100 has 0.9901."""
    model = small(decay_from=133_400, decay_until=266_800)
    epochs = {0: 1.0, 99: 1.0, 100: 1.0, 150: 0.5, 199: 0.01}
    assert {epoch: model.rate(1334 * epoch) for epoch in epochs} == pytest.approx(epochs)
    assert model.rate(266_799) > 0 == model.rate(266_800)
    assert small().rate(10**9) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (3, 30, 32)}, "32 x 30 pixels: .* multiples of 4"),
        ({"image_shape": (3, 20, 20)}, "20 x 20 pixels are too small for model.discriminator_layers 3, which needs 24"),
        ({"pool_size": -1}, "pool_size is -1"),
        ({"decay_from": 5, "decay_until": 5}, "decay_from is 5: it must be at least 0 and below 5"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str):
    with pytest.raises(Mistake, match=message):
        CycleGAN(**{"image_shape": (3, 32, 32), "width": 2, "blocks": 1} | arguments)


@pytest.mark.parametrize(("shape", "direction"), [((1, 3, 18, 16), "a2b"), ((1, 3, 16, 16), "c2d")])
def test_translate_refuses_bad_sizes_and_directions(shape: tuple[int, ...], direction: str):
    with pytest.raises(Mistake, match=r"multiples of 4|direction is c2d: CycleGAN translates a2b and b2a\."):
        small().translate(torch.zeros(shape), direction)
