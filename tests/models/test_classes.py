"""cGAN, ACGAN and WGAN-GP with classes: parameter counts, where labels enter, and each term computed by hand."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gan_zoo import penalties
from gan_zoo.errors import Mistake
from gan_zoo.models.acgan import ACGAN
from gan_zoo.models.cgan import CGAN
from gan_zoo.models.wgan_gp_classes import WGANGPWithClasses
from gan_zoo.networks import conditional

LABEL = torch.tensor([0, 1, 2, 0])
SMALL = {
    CGAN: {"image_shape": (1, 8, 8), "latent_dim": 6, "widths": (8, 8, 8), "units": (4, 3, 4), "dropout": 0.0},
    ACGAN: {"image_shape": (1, 28, 28), "latent_dim": 6, "architecture": "dcgan", "width": 4},
    WGANGPWithClasses: {"image_shape": (1, 32, 32), "latent_dim": 6, "width": 4},
}
every_model = pytest.mark.parametrize("kind", SMALL)


def made(kind, **changed):
    torch.manual_seed(0)
    return kind(**SMALL[kind] | {"num_classes": 3} | changed)


def batch(kind):
    draw = torch.Generator().manual_seed(1)
    return {"image": torch.rand(4, *SMALL[kind]["image_shape"], generator=draw) * 2 - 1, "label": LABEL}


def count(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("model", "generator", "discriminator"),
    [
        (lambda: CGAN(image_shape=(1, 28, 28), num_classes=10), 2_413_984, 1_224_351),
        (lambda: ACGAN(image_shape=(3, 32, 32), num_classes=10), 2_354_400, 1_663_867),
        (lambda: ACGAN(image_shape=(3, 128, 128), num_classes=10), 11_465_600, 2_525_563),
        (lambda: WGANGPWithClasses(image_shape=(3, 32, 32), num_classes=10), 1_218_307, 1_055_115),
    ],
)
def test_networks_have_the_published_counts(model, generator, discriminator):
    with torch.device("meta"):
        built = model()
    assert (count(built.generator), count(built.discriminator)) == (generator, discriminator)


@pytest.mark.parametrize("size", [32, 128])
def test_acgans_networks_come_out_at_their_sizes(size):
    model = ACGAN(image_shape=(3, size, size), num_classes=10, width=1)
    image = model.sample(2)
    assert image.shape == (2, 3, size, size)
    scores, logits = model.scores_and_logits(image)
    assert scores.shape == (2,) and logits.shape == (2, 10)


@every_model
def test_classes_make_other_images_of_the_same_latents(kind):
    """The weights are changed first, because conditional batch norm starts with all classes alike."""
    model = made(kind)
    with torch.no_grad():
        for parameter in model.generator.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    first, same, other = (model.sample(4, label=label) for label in (LABEL, LABEL.clone(), LABEL.flip(0).roll(1)))
    assert torch.equal(first, same) and not torch.allclose(first, other)


def test_acgans_terms_are_the_papers():
    model, images = made(ACGAN), batch(ACGAN)
    model.discriminator.eval()
    torch.manual_seed(0)
    terms = model.discriminator_loss(images)
    torch.manual_seed(0)
    fake, fake_label = model.labelled_fakes(4)
    log, ce = nn.functional.logsigmoid, nn.functional.cross_entropy
    real_scores, real_logits = model.scores_and_logits(images["image"])
    fake_scores, fake_logits = model.scores_and_logits(fake)
    assert_close(terms["discriminator/minimax"], -log(real_scores).mean() - log(-fake_scores).mean())
    assert_close(terms["discriminator/class"], ce(real_logits, LABEL) + ce(fake_logits, fake_label))
    model.class_loss_on, model.class_weight = "real", 3.0
    torch.manual_seed(0)
    assert_close(model.discriminator_loss(images)["discriminator/class"], 3 * ce(real_logits, LABEL))


def test_acgans_generator_wants_its_fakes_to_be_real_and_of_their_classes():
    model = made(ACGAN, class_weight=3.0)
    model.discriminator.eval()
    torch.manual_seed(0)
    terms = model.generator_loss(batch(ACGAN))
    torch.manual_seed(0)
    fake, fake_label = model.labelled_fakes(4)
    scores, logits = model.scores_and_logits(fake)
    assert_close(terms["generator/non_saturating"], -nn.functional.logsigmoid(scores).mean())
    assert_close(terms["generator/class"], 3 * nn.functional.cross_entropy(logits, fake_label))


def test_wgan_gps_critic_learns_classes_on_real_images_alone():
    model, images = made(WGANGPWithClasses), batch(WGANGPWithClasses)
    with torch.no_grad():  # conditional batch norm starts with all classes alike
        for parameter in model.generator.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    torch.manual_seed(0)
    terms = model.discriminator_loss(images)
    torch.manual_seed(0)
    fake = model(model.latents(4), LABEL).detach()  # with the classes of the real images, as in the authors' program
    outputs = model.discriminator(images["image"])
    assert_close(terms["discriminator/wasserstein"], model.critic(fake).mean() - outputs[:, 0].mean())
    assert_close(terms["discriminator/class"], nn.functional.cross_entropy(outputs[:, 1:], LABEL))
    assert_close(terms["discriminator/penalty"], 10 * penalties.gradient_penalty(model.critic, images["image"], fake))
    torch.manual_seed(0)
    terms = model.generator_loss(images)
    torch.manual_seed(0)
    fake, fake_label = model.labelled_fakes(8)  # twice the critic's batch
    outputs = model.discriminator(fake)
    assert_close(terms["generator/wasserstein"], -outputs[:, 0].mean())
    assert_close(terms["generator/class"], 0.1 * nn.functional.cross_entropy(outputs[:, 1:], fake_label))


def test_wgan_gps_critic_scores_each_image_by_itself():
    model = made(WGANGPWithClasses)
    image = batch(WGANGPWithClasses)["image"].requires_grad_()
    (gradient,) = torch.autograd.grad(model.critic(image)[0], image)
    assert gradient[0].abs().sum() > 0 and gradient[1:].abs().sum() == 0
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in model.discriminator.modules())


def test_cgans_terms_see_the_images_own_labels():
    model, images = made(CGAN), batch(CGAN)
    torch.manual_seed(0)
    (term,) = model.discriminator_loss(images).values()
    torch.manual_seed(0)
    fake = model.discriminator(*model.labelled_fakes(4))
    real = model.discriminator(images["image"], LABEL)
    log = nn.functional.logsigmoid
    assert_close(term, -log(real).mean() - log(-fake).mean())
    torch.manual_seed(0)
    (term,) = model.generator_loss(images).values()
    assert_close(term, -log(fake).mean())


@every_model
def test_fakes_have_every_class(kind):
    torch.manual_seed(0)
    _, label = made(kind).labelled_fakes(200)
    counts = label.bincount(minlength=3)
    assert counts.min() > 40, "67 are expected; fewer than 41 come once in 10,000 seeds"


@every_model
@pytest.mark.parametrize("classes", [0, 1])
def test_data_without_classes_is_refused(kind, classes):
    with pytest.raises(Mistake, match=f"needs labelled data.*num_classes is {classes}"):
        made(kind, num_classes=classes)


@every_model
def test_a_class_out_of_range_is_refused(kind):
    with pytest.raises(Mistake, match=r"label .*3.* classes are 0 to 2"):
        made(kind).sample(2, label=torch.tensor([0, 3]))


def test_sizes_that_an_architecture_cannot_make_are_named():
    with pytest.raises(Mistake, match="acgan makes square images of 32 or 128 pixels; the data's are 28 x 28"):
        ACGAN(image_shape=(1, 28, 28), num_classes=10)


def test_acgan_takes_one_width():
    with pytest.raises(Mistake, match=r"acgan takes one width, e\.g\. width: 16; got \[16, 8\]"):
        ACGAN(image_shape=(3, 32, 32), num_classes=10, width=(16, 8))


def test_acgans_weights_start_as_the_paper_says_and_its_gains_at_one():
    """The deviation of n normal weights has a relative standard error of 1 / sqrt(2 n); four of them are allowed."""
    torch.manual_seed(0)
    model = ACGAN(image_shape=(3, 32, 32), num_classes=10, width=8)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            assert_close(layer.weight.std().item(), 0.02, rtol=4 / (2 * layer.weight.numel()) ** 0.5, atol=0)
            assert layer.bias is None or not layer.bias.any()
        elif isinstance(layer, nn.BatchNorm2d):
            assert (layer.weight == 1).all() and not layer.bias.any()


FLAT = {"architecture": "mlp", "width": (12,), "latent_law": "normal"}


@pytest.mark.parametrize("architecture", ["mlp", "mlp_relu", "maxout"])
def test_cgan_has_flat_networks_that_see_the_class_beside_their_first_input(architecture):
    model = made(CGAN, **FLAT | {"architecture": architecture, "width": (20,)})
    image, label = batch(CGAN)["image"], LABEL
    assert model.sample(4, label=label).shape == image.shape and model.discriminator(image, label).shape == (4,)
    model.eval()  # the network of maxout units has dropout
    first = next(layer for layer in model.discriminator.modules() if isinstance(layer, nn.Linear))
    assert first.in_features == 64 + 3
    with torch.no_grad():
        with_class = model.discriminator(image, label)
        first.weight[:, -3:] = 0
        assert not torch.allclose(with_class, model.discriminator(image, label))
        assert torch.equal(model.discriminator(image, label), model.discriminator(image, label.roll(1)))


def test_cgans_one_hot_vectors_weigh_as_much_as_normal_latents():
    """The mean square of their entries is (strength^2 + 0 + 0) / 3 = 1, as that of normal latents."""
    model = made(CGAN, **FLAT)
    for network in (model.generator, model.discriminator):
        assert network.strength == pytest.approx(3**0.5)


def test_cgan_knows_no_other_architecture():
    with pytest.raises(Mistake, match=r"dcgan.*there are mlp, mlp_relu, maxout"):
        conditional.discriminator("dcgan", (1, 8, 8), (8,), 3, 1.0)
