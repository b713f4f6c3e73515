"""pix2pix: its losses in closed form, the inputs of each network, and translations image by image."""

from typing import Any

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.models.pix2pix import Pix2Pix
from gan_zoo.translation.routes import Translating

SMALL: dict[str, Any] = {"halvings": 5, "width": 4, "discriminator_width": 4, "discriminator_layers": 1}


def make(side=32, **arguments):
    torch.manual_seed(0)
    return Pix2Pix((3, side, side), **SMALL | arguments)


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def pairs(n=2, side=32):
    return {"source": noise(n, 3, side, side, seed=1), "target": noise(n, 3, side, side, seed=2)}


def test_the_defaults_are_the_papers():
    with torch.device("meta"):
        model = Pix2Pix((3, 256, 256))
    counts = [sum(p.numel() for p in net.parameters()) for net in (model.generator, model.discriminator)]
    assert counts == [54_413_955, 2_768_705]
    for optimizer in model.configure_optimizers():
        assert (optimizer.defaults["lr"], optimizer.defaults["betas"]) == (2e-4, (0.5, 0.999))
    assert model.l1_weight == 100 and model.rate(10**6) == 1


@pytest.mark.parametrize("direction", ["a2b", "b2a"])
def test_losses_are_those_of_equation_4(direction):
    """A U-Net for 32 pixels has no dropout, so both passes of a step make the same image."""
    model, batch = make(direction=direction), pairs()
    source, target = (batch["source"], batch["target"]) if direction == "a2b" else (batch["target"], batch["source"])
    with torch.no_grad():
        fake = model.generator(source)
        real_scores = model.discriminator(torch.cat([source, target], dim=1))
        fake_scores = model.discriminator(torch.cat([source, fake], dim=1))
    ones, zeros = torch.ones_like(fake_scores), torch.zeros_like(fake_scores)
    bce = binary_cross_entropy_with_logits
    half = (bce(real_scores, ones) + bce(fake_scores, zeros)) / 2
    assert_close(sum(model.discriminator_loss(batch).values()), half)
    terms = model.generator_loss(batch)
    assert_close(terms["generator/non_saturating"].detach(), bce(fake_scores, ones))
    assert_close(terms["generator/l1"].detach(), 100 * (fake - target).abs().mean())
    assert len(terms) == 2


def test_weights_of_the_terms_and_an_unconditional_discriminator():
    """These are the rows of the paper's Table 1."""
    batch, plain = pairs(), make().generator_loss(pairs())
    alone = make(adversarial_weight=0.0, l1_weight=10.0).generator_loss(batch)
    assert alone["generator/non_saturating"] == 0
    assert_close(alone["generator/l1"], plain["generator/l1"] / 10)
    model, shown = make(conditional=False), []
    model.discriminator.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0]))
    model.discriminator_loss(batch)
    assert [image.shape[1] for image in shown] == [3, 3]
    assert torch.equal(shown[0], batch["target"])


def test_the_discriminator_sees_six_channels_with_the_source_first():
    model, batch, shown = make(), pairs(), []
    model.discriminator.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0]))
    model.discriminator_loss(batch)
    model.generator_loss(batch)
    assert [image.shape[1] for image in shown] == [6, 6, 6]
    assert all(torch.equal(image[:, :3], batch["source"]) for image in shown)
    assert torch.equal(shown[0][:, 3:], batch["target"])


def test_the_discriminators_loss_has_no_gradient_in_the_generator():
    model = make()
    torch.stack(list(model.discriminator_loss(pairs()).values())).sum().backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.discriminator.parameters())


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_translation_does_not_depend_on_the_other_images(norm, mode):
    """It is equal bit for bit, as each image is translated alone. With six halvings there is dropout."""
    model, images = getattr(make(64, halvings=6, norm=norm), mode)(), noise(3, 3, 64, 64)
    whole = model.translate(images, seed=5, first=7)
    assert whole.shape == images.shape and whole.abs().max() <= 1 and not whole.requires_grad
    assert torch.equal(model.translate(images, seed=5, first=7), whole)
    assert torch.equal(model.translate(images[1:2], seed=5, first=8), whole[1:2])
    assert not torch.equal(model.translate(images[1:2], seed=5, first=7), whole[1:2]), "dropout depends on the index"
    assert not torch.equal(model.translate(images, seed=6, first=7), whole), "dropout depends on the seed"


def test_translation_does_not_change_the_global_random_state():
    model = make(64, halvings=6)
    before = torch.get_rng_state()
    model.translate(noise(1, 3, 64, 64))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("direction", "source", "target"), [("a2b", "source", "target"), ("b2a", "target", "source")])
def test_the_only_route_is_the_direction_of_the_model(direction, source, target):
    model, batch = make(direction=direction), pairs()
    assert isinstance(model, Translating)
    (route,) = model.routes
    assert (route.name, route.source, route.target, route.paired) == (direction, source, target, True)
    assert torch.equal(model.follow(route, batch, seed=1, first=2), model.translate(batch[source], seed=1, first=2))


@pytest.mark.parametrize(("count", "triples", "columns"), [(1, 1, 3), (12, 4, 3), (36, 12, 6), (64, 21, 6)])
def test_the_grid_shows_source_translation_and_target_side_by_side(count, triples, columns):
    model, batch = make(direction="b2a"), pairs(30)
    shown, width = model.show(count, 3, lambda n: {key: value[:n] for key, value in batch.items()})
    assert (len(shown), width) == (3 * triples, columns)
    assert torch.equal(shown[0::3], batch["target"][:triples])
    assert torch.equal(shown[2::3], batch["source"][:triples])
    assert torch.equal(shown[1::3], model.translate(batch["target"][:triples], seed=3))


def test_rates_are_constant_and_then_decay_linearly():
    model = make(decay_from=100, decay_until=200)
    assert [model.rate(step) for step in (0, 100, 150, 199, 200)] == pytest.approx([1, 1, 0.5, 0.01, 0])
    with pytest.raises(Mistake, match="decay_from is 200: it must be at least 0 and below 200"):
        make(decay_from=200, decay_until=200)
    with pytest.raises(Mistake, match="decay_from is 5"):
        make(decay_from=5)


@pytest.mark.parametrize("shape", [(3, 16, 16), (3, 48, 48), (3, 64, 80)])
def test_sizes_that_cannot_be_halved_are_refused_with_advice(shape):
    with pytest.raises(Mistake, match=rf"{shape[1]} x {shape[2]} .* halved 5 times.* multiples of 32"):
        Pix2Pix(shape, **SMALL)
    with pytest.raises(Mistake, match=rf"{shape[1]} x {shape[2]} .* halved 5 times"):
        make().translate(noise(1, *shape))
    assert make().translate(noise(1, 3, 64, 96)).shape == (1, 3, 64, 96), "any multiple is allowed"


def test_images_too_small_for_the_discriminators_patches_are_refused():
    with pytest.raises(Mistake, match=r"32 x 32 pixels are too small .*discriminator_layers 4, which needs 48"):
        make(discriminator_layers=4)
    model = make(discriminator_layers=3)
    assert model.discriminator(noise(1, 6, 32, 32)).shape == (1, 1, 2, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"halvings": 1},
        {"width": 0},
        {"discriminator_width": 0},
        {"discriminator_layers": -1},
        {"l1_weight": -1.0},
        {"adversarial_weight": float("nan")},
        {"learning_rate": 0.0},
        {"betas": (0.5, 1.0)},
        {"decay_until": -1},
    ],
)
def test_values_out_of_bounds_are_named(wrong):
    with pytest.raises(Mistake, match=f"model.{next(iter(wrong))} is"):
        make(**wrong)
