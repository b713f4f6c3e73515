"""Properties that all adversarial models share, tested with the Trainer on a few images in memory."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from datamodules.stream import InMemory, StreamedData
from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.models.lsgan import LSGAN
from gan_zoo.models.wgan import WGAN
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.training.trainer import Trainer
from tests.pairs import count


class Squares(StreamedData):
    """48 grey images of 16 x 16 pixels, in memory."""

    image_shape = (1, 16, 16)

    def setup(self, stage: str) -> None:
        generator = torch.Generator().manual_seed(0)
        self.images = InMemory(
            "squares", image=torch.randint(0, 256, (48, 1, 16, 16), dtype=torch.uint8, generator=generator)
        )


class Watched:
    """Records what an update did to the parameters and gradients of each network. It precedes a model's class."""

    def update(self: Any, optimizer: Any, loss: Any, batch: Any) -> None:
        before = {name: state(self.get_submodule(name)) for name in ("generator", "discriminator")}
        super().update(optimizer, loss, batch)  # pyright: ignore[reportAttributeAccessIssue]
        after = {name: state(self.get_submodule(name)) for name in ("generator", "discriminator")}
        self.__dict__.setdefault("seen", []).append((loss.__name__, before, after, batch["image"]))


class WatchedGAN(Watched, GAN): ...


class WatchedLSGAN(Watched, LSGAN): ...


class WatchedWGAN(Watched, WGAN): ...


class WatchedWGANGP(Watched, WGANGP): ...


def state(network: nn.Module) -> tuple[list[Tensor], list[Tensor | None]]:
    weights = [p.detach().clone() for p in network.parameters()]
    return weights, [None if p.grad is None else p.grad.clone() for p in network.parameters()]


SMALL = {"image_shape": (1, 16, 16), "latent_dim": 6}
MODELS = {
    "gan_mlp": (WatchedGAN, SMALL | {"width": (16, 8)}),
    "gan_dcgan_minimax": (
        WatchedGAN,
        SMALL | {"architecture": "dcgan", "width": 4, "generator_objective": "minimax", "n_critic": 2},
    ),
    "lsgan_dcgan": (WatchedLSGAN, SMALL | {"width": 4}),
    "lsgan_mlp_pearson": (
        WatchedLSGAN,
        SMALL | {"architecture": "mlp", "width": (16, 8), "targets": (-1.0, 1.0, 0.0), "n_critic": 2},
    ),
    # Every step of these tests is in the warm-up, here of n_critic updates. test_wgan.py tests the warm-up itself.
    "wgan_dcgan": (WatchedWGAN, SMALL | {"width": 4, "n_critic": 3, "warm_up": 3}),
    "wgan_mlp": (
        WatchedWGAN,
        SMALL | {"architecture": "mlp_relu", "width": (16, 8), "n_critic": 1, "warm_up": 1},
    ),
    "wgan_gp_dcgan": (WatchedWGANGP, SMALL | {"width": 4, "n_critic": 3}),
    "wgan_gp_mlp": (WatchedWGANGP, SMALL | {"architecture": "mlp_relu", "width": (16,), "n_critic": 2}),
}


def trained(name: str, steps: int = 2, **more: Any) -> Any:
    kind, arguments = MODELS[name]
    trainer = Trainer(
        run=None, seed=1, max_steps=steps, accelerator="cpu", devices=1, enable_progress_bar=False, log_every_n_steps=1
    )
    model = kind(**arguments | more)
    trainer.fit(model, Squares(batch_size=4))
    assert trainer.global_step == steps
    return model


def equal(a: list[Any], b: list[Any]) -> bool:
    """Compare bit for bit; None equals only None."""
    return all(x is y if x is None or y is None else torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_an_update_of_one_network_leaves_the_others_weights_and_gradients_alone(name):
    """Bit for bit. The network whose turn it is moves, with a gradient for each parameter."""
    model = trained(name)
    for loss, before, after, _ in model.seen:
        mine, other = ("generator", "discriminator") if loss == "generator_loss" else ("discriminator", "generator")
        assert equal(before[other][0], after[other][0]), f"{loss} moved the {other}"
        assert equal(before[other][1], after[other][1]), f"{loss} left gradients in the {other}"
        assert all(gradient is not None for gradient in after[mine][1])
        assert not equal(before[mine][0], after[mine][0]), f"{loss} did not move the {mine}"


@pytest.mark.parametrize("name", MODELS)
def test_generator_has_no_gradient_before_its_first_turn(name):
    loss, _, after, _ = trained(name, steps=1).seen[0]
    assert loss == "discriminator_loss"
    assert all(gradient is None for gradient in after["generator"][1])


@pytest.mark.parametrize("name", MODELS)
def test_a_step_is_n_critic_discriminator_updates_on_fresh_images_and_one_of_the_generator(name):
    model = trained(name, steps=2)
    turns = [loss for loss, *_ in model.seen]
    assert turns == (["discriminator_loss"] * model.n_critic + ["generator_loss"]) * 2
    shown = torch.cat([image for loss, _, _, image in model.seen if loss == "discriminator_loss"])
    assert len(shown) == len(shown.unique(dim=0)) == model.images == 4 * model.n_critic * 2


@pytest.mark.parametrize("name", MODELS)
def test_all_parameters_train_again_after_the_steps(name):
    assert all(p.requires_grad for p in trained(name).parameters())


@pytest.mark.parametrize("name", MODELS)
def test_terms_are_those_of_the_paper(name):
    """The terms are recomputed from the networks with the same draws."""
    model, image = trained(name, steps=1), torch.rand(4, 1, 16, 16) * 2 - 1
    torch.manual_seed(0)
    terms = model.discriminator_loss({"image": image})
    torch.manual_seed(0)
    with torch.no_grad():
        fake = model.discriminator(model(model.latents(4)))
    real = model.discriminator(image)
    if isinstance(model, WGAN | WGANGP):
        penalty = ["discriminator/penalty"] if isinstance(model, WGANGP) else []
        assert list(terms) == ["discriminator/wasserstein", *penalty]
        assert_close(terms["discriminator/wasserstein"], fake.mean() - real.mean())
    elif isinstance(model, LSGAN):
        a, b, _ = model.targets
        expected = (real - b).pow(2).mean() / 2 + (fake - a).pow(2).mean() / 2
        assert_close(terms["discriminator/least_squares"], expected)
    else:
        log = nn.functional.logsigmoid
        assert_close(terms["discriminator/minimax"], -log(real).mean() - log(-fake).mean())


def test_penalty_weight_multiplies_the_penalty_alone():
    image, terms = torch.rand(4, 1, 16, 16), []
    for weight in (10.0, 30.0):
        model = trained("wgan_gp_dcgan", steps=0, penalty_weight=weight)
        torch.manual_seed(0)
        terms.append(model.discriminator_loss({"image": image}))
    assert_close(terms[1]["discriminator/penalty"], 3 * terms[0]["discriminator/penalty"])
    assert_close(terms[1]["discriminator/wasserstein"], terms[0]["discriminator/wasserstein"])


def batch_norm_discriminator(*, image_shape, width, norm):
    """A user's discriminator that ignores `norm`."""
    return nn.Sequential(nn.Conv2d(1, width, 16), nn.BatchNorm2d(width), nn.Conv2d(width, 1, 1), nn.Flatten(0))


def instance_norm_discriminator(*, image_shape, width, norm):
    return nn.Sequential(nn.Conv2d(1, width, 8), nn.InstanceNorm2d(width), nn.Conv2d(width, 1, 9), nn.Flatten(0))


def test_the_residual_critic_has_no_norm_and_sees_noise_between_grey_levels():
    """As in the program for CIFAR-10. Other critics have layer norm and see grey levels as they are."""
    with torch.device("meta"):
        residual = WGANGP(image_shape=(3, 32, 32), architecture="resnet", width=128)
        other = WGANGP(image_shape=(3, 32, 32), architecture="conv5", discriminator_architecture="resnet", width=8)
        plain = WGANGP(image_shape=(3, 32, 32), architecture="resnet", discriminator_architecture="conv5", width=8)
    assert (count(residual.generator), count(residual.discriminator)) == (1_204_483, 1_053_825)
    assert residual.dequantize and other.dequantize and not plain.dequantize
    assert not any(isinstance(layer, nn.GroupNorm) for layer in other.discriminator.modules())
    assert any(isinstance(layer, nn.GroupNorm) for layer in plain.discriminator.modules())


def test_batch_norm_in_the_discriminator_is_refused_under_the_penalty():
    with pytest.raises(Mistake, match="batch norm"):
        WGANGP(**SMALL, width=4, discriminator_architecture=f"{__name__}:batch_norm_discriminator")


def test_norms_of_one_image_are_accepted_under_the_penalty():
    WGANGP(**SMALL, width=4, discriminator_architecture=f"{__name__}:instance_norm_discriminator")


def test_batch_norm_in_the_discriminator_is_accepted_without_a_penalty():
    GAN(**SMALL, width=4, architecture="dcgan", discriminator_architecture=f"{__name__}:batch_norm_discriminator")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("first", "n", "chunk"), [(0, 1, 250), (3, 5, 250), (0, 11, 4), (2, 9, 3), (10, 1, 1)])
def test_image_i_of_a_sample_is_the_same_whatever_is_sampled_with_it(name, first, n, chunk):
    """Pixels agree up to rounding: a convolution sums in another order for another number of images."""
    model = trained(name)
    assert_close(model.sample(n, seed=7, first=first, chunk=chunk), model.sample(11, seed=7)[first : first + n])


@pytest.mark.parametrize("name", MODELS)
def test_a_sample_repeats_whatever_was_drawn_before_and_another_seed_is_another(name):
    model = trained(name)
    image = model.sample(3, seed=7)
    torch.randn(5)
    before = torch.get_rng_state()
    assert torch.equal(model.sample(3, seed=7), image)
    assert torch.equal(torch.get_rng_state(), before), "the draws of training do not change"
    assert not torch.equal(model.sample(3, seed=8), image)


@pytest.mark.parametrize("name", MODELS)
def test_a_sample_lies_in_minus_one_to_one_and_carries_no_gradient(name):
    image = trained(name).sample(5)
    assert image.shape == (5, 1, 16, 16)
    assert image.dtype == torch.float32 and not image.requires_grad
    assert image.min() >= -1 and image.max() <= 1


def test_a_sample_of_a_generator_that_overshoots_is_clamped():
    model = WGANGP(**SMALL, width=4)
    linear = nn.Linear(6, 256)
    nn.init.constant_(linear.bias, 9.0)
    model.generator = nn.Sequential(linear, nn.Unflatten(1, (1, 16, 16)))
    assert torch.equal(model.sample(2), torch.ones(2, 1, 16, 16))


def test_sampling_is_in_eval_mode_and_restores_the_mode_of_every_part():
    """A frozen batch norm inside a training network stays frozen, and running statistics do not move."""
    model = trained("gan_dcgan_minimax")
    model.train()
    parts = list(model.generator.modules())
    parts[2].eval()
    flags = [part.training for part in parts]
    assert len(set(flags)) == 2
    modes, buffers = [], [b.clone() for b in model.generator.buffers()]
    handles = [part.register_forward_hook(lambda part, *_: modes.append(part.training)) for part in parts]
    model.sample(3)
    for handle in handles:
        handle.remove()
    assert modes and not any(modes)
    assert [part.training for part in parts] == flags
    assert equal(list(model.generator.buffers()), buffers)


def test_mode_is_restored_after_a_failure_too():
    model = trained("gan_dcgan_minimax").train()
    with pytest.raises(RuntimeError):
        model.latent_dim = 5  # not what the network takes
        model.sample(3)
    assert all(part.training for part in model.generator.modules())


@pytest.mark.parametrize("name", MODELS)
def test_averaged_and_last_weights_make_other_images(name):
    model = trained(name, average_half_life=10)
    assert not torch.equal(model.sample(3), model.sample(3, averaged=False))
    model.moving_average.load_state_dict(model.generator.state_dict())
    assert torch.equal(model.sample(3), model.sample(3, averaged=False))


def test_without_an_average_both_are_the_last_weights():
    model = trained("gan_mlp")
    assert torch.equal(model.sample(3), model.sample(3, averaged=False))


@pytest.mark.parametrize("name", MODELS)
def test_average_is_of_the_weights_after_each_step(name):
    """The half-life, 8, is capped at 5 % of the B images shown: the weight is 2^(-B / (0.05 B)) = 2^-20."""
    model = trained(name, steps=1, average_half_life=8)
    _, before, after, _ = model.seen[-1]
    for mine, old, new in zip(
        model.moving_average.parameters(), before["generator"][0], after["generator"][0], strict=True
    ):
        assert_close(mine, old * 2**-20 + new * (1 - 2**-20))


def test_average_is_in_no_optimizer_and_in_the_checkpoint():
    model = trained("wgan_gp_dcgan", average_half_life=8)
    groups = [group for optimizer in model.configure_optimizers() for group in optimizer.param_groups]
    stepped = {id(p) for group in groups for p in group["params"]}
    assert not stepped & {id(p) for p in model.moving_average.parameters()}
    assert not any(p.requires_grad for p in model.moving_average.parameters())
    assert any(name.startswith("moving_average.") for name in model.state_dict())


def test_last_weights_are_refused_if_a_model_has_only_the_average():
    model = trained("gan_mlp", average_half_life=8)
    model.has_last_weights = False
    assert model.sample(1).shape == (1, 1, 16, 16)
    with pytest.raises(Mistake, match=r"last\.ckpt"):
        model.sample(1, averaged=False)


@pytest.mark.parametrize("name", MODELS)
def test_two_runs_of_one_seed_are_equal_bit_for_bit(name):
    first, second = trained(name), trained(name)
    assert equal(list(first.parameters()), list(second.parameters()))


@pytest.mark.parametrize("kind", [GAN, LSGAN, WGAN, WGANGP])
def test_generators_optimizer_comes_first(kind):
    model = kind(**SMALL, **({"width": (4,)} if kind is GAN else {"width": 4}))
    first, _ = model.configure_optimizers()
    owned = {id(p) for group in first.param_groups for p in group["params"]}
    assert owned == {id(p) for p in model.generator.parameters()}
