"""The penalties, compared with values that were worked out by hand."""

import pytest
import torch
from torch import nn
from torch.nn.functional import normalize
from torch.testing import assert_close

from gan_zoo import penalties


def small_critic(norm: nn.Module) -> nn.Module:
    """Return a critic that is not linear, so that its slope differs from image to image."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(2, 4, 3), norm, nn.SiLU(), nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
    return layers.double()


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_gradient_penalty_of_a_linear_discriminator(slope):
    """D(x) = w·x has gradient w everywhere, so the penalty is (||w|| - 1)² whatever the images are."""
    w = slope * normalize(torch.randn(3 * 8 * 8, dtype=torch.float64), dim=0)
    real, fake = torch.randn(2, 5, 3, 8, 8, dtype=torch.float64)
    penalty = penalties.gradient_penalty(lambda x: x.flatten(1) @ w, real, fake)
    assert_close(penalty, torch.tensor((slope - 1) ** 2, dtype=torch.float64))


@pytest.mark.parametrize(("near", "far"), [(2.0, 0.5), (0.5, 2.0)])
def test_gradient_penalty_is_the_mean_over_images_and_two_sided(near, far):
    """Half of the images have slope `near`, half `far`. Each squared difference from 1 counts, above and below."""
    slopes = torch.tensor([near, near, far, far], dtype=torch.float64)
    real, fake = torch.randn(2, 4, 1, 1, 1, dtype=torch.float64)
    penalty = penalties.gradient_penalty(lambda x: slopes * x.flatten(), real, fake)
    assert_close(penalty, torch.tensor(((near - 1) ** 2 + (far - 1) ** 2) / 2, dtype=torch.float64))


def test_gradient_penalty_looks_between_real_and_fake():
    points = []
    penalties.gradient_penalty(
        lambda x: points.append(x) or x.flatten(1).sum(1), real=torch.zeros(64, 1, 2, 2), fake=torch.ones(64, 1, 2, 2)
    )
    x = points[0].flatten(1)
    assert ((x >= 0) & (x <= 1)).all(), "on the segment, not beyond its ends"
    assert (x == x[:, :1]).all(), "one weight per image, shared by its pixels"
    assert x[:, 0].std() > 0.1, "a different weight for each image"


def test_gradient_penalty_trains_the_discriminator():
    """With D(x) = w x, d/dw (|w| - 1)² = 2 (|w| - 1) sign(w); at w = 3 that is 4."""
    w = torch.tensor(3.0, requires_grad=True)
    real, fake = torch.randn(2, 4, 1, 1, 1)
    penalties.gradient_penalty(lambda x: w * x.flatten(), real, fake).backward()
    assert_close(w.grad, torch.tensor(4.0))


def test_gradient_penalty_does_not_train_the_generator():
    w = torch.ones((), requires_grad=True)
    fake = torch.randn(4, 1, 1, 1, requires_grad=True)
    penalties.gradient_penalty(lambda x: w * x.flatten().square(), torch.randn(4, 1, 1, 1), fake).backward()
    assert w.grad is not None and fake.grad is None


def test_zero_slope_has_a_finite_second_order_gradient():
    """A root of squares has the derivative 0 / 0 at zero, but no NaN may reach the weights."""
    w = torch.zeros(12, requires_grad=True)
    real, fake = torch.randn(2, 4, 3, 2, 2)
    penalty = penalties.gradient_penalty(lambda x: x.flatten(1) @ w, real, fake)
    penalty.backward()
    assert_close(penalty, torch.tensor(1.0))
    assert_close(w.grad, torch.zeros(12))


NORMS = [nn.Identity(), nn.GroupNorm(1, 4), nn.InstanceNorm2d(4)]


@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: type(norm).__name__)
def test_every_image_has_its_own_term(norm):
    """If real and fake are equal, nothing is random, and a batch's penalty is the mean of its images' penalties."""
    critic, image = small_critic(norm), torch.randn(5, 2, 6, 6, dtype=torch.float64)
    alone = torch.stack([penalties.gradient_penalty(critic, single, single) for single in image.split(1)])
    assert alone.std() > 1e-3, "the images' terms differ"
    assert_close(penalties.gradient_penalty(critic, image, image), alone.mean())
    order = [3, 1, 4, 0, 2]
    assert_close(penalties.gradient_penalty(critic, image[order], image[order]), alone.mean())


@pytest.mark.parametrize(
    ("norm", "independent"), [(nn.GroupNorm(1, 4), True), (nn.BatchNorm2d(4), False)], ids=["layer", "batch"]
)
def test_a_term_depends_on_other_images_only_under_batch_norm(norm, independent):
    """This is why models refuse a critic with batch norm under a penalty."""
    critic, image = small_critic(norm), torch.randn(3, 2, 6, 6, dtype=torch.float64)
    x = image.clone().requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x)
    image[1] += 1
    x = image.clone().requires_grad_()
    (after,) = torch.autograd.grad(critic(x).sum(), x)
    assert torch.allclose(slope[0], after[0]) == independent


def test_penalty_runs_in_float32_under_bfloat16_autocast():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Flatten(), nn.Linear(48, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
    image = torch.randn(8, 3, 4, 4).bfloat16()  # as from a generator under autocast
    real = image.float()
    expected = penalties.gradient_penalty(critic, real, real)
    scores = []
    with torch.autocast("cpu", torch.bfloat16):
        assert critic(real).dtype == torch.bfloat16, "autocast is on"
        penalty = penalties.gradient_penalty(lambda x: scores.append(critic(x)) or scores[0], real, image)
        assert critic(real).dtype == torch.bfloat16, "and on again"
    assert scores[0].dtype == penalty.dtype == torch.float32
    assert_close(penalty, expected)


def test_zero_centred_of_a_linear_discriminator():
    """D(x) = w·x has gradient w everywhere, so the penalty is ||w||², and its gradient 2 w, whatever the images are."""
    w = torch.randn(3 * 8 * 8, dtype=torch.float64, requires_grad=True)
    images = torch.randn(5, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    penalty = penalties.zero_centred(images.flatten(1) @ w, images)
    penalty.backward()
    assert_close(penalty, w.square().sum())
    assert_close(w.grad, 2 * w.detach())


def test_the_norm_is_taken_in_float32_where_image_and_scores_are_bfloat16():
    """A generator under autocast makes bfloat16 images, whose gradients are bfloat16 too."""
    image = torch.randn(4, 3, 4, 4).bfloat16().requires_grad_()
    weight = torch.full((48,), 0.1).bfloat16()
    penalty = penalties.zero_centred((image.flatten(1) * weight).sum(1), image)
    assert penalty.dtype == torch.float32
    assert_close(penalty, weight.float().square().sum())


def test_each_image_has_its_own_uniform_interpolation_weight():
    torch.manual_seed(0)
    weights = penalties.interpolation_weights(torch.empty(20_000, 3, 2, 2))
    assert weights.shape == (20_000, 1, 1, 1)
    # Over 20,000 draws the standard errors are 0.002 (mean) and 0.002 (mean square); four of them are allowed.
    assert_close(weights.mean().item(), 1 / 2, atol=0.008, rtol=0)
    assert_close(weights.square().mean().item(), 1 / 3, atol=0.008, rtol=0)


def test_weight_clipping_clamps_every_value_in_place():
    """Values inside and on the bounds do not change."""
    weight = nn.Parameter(torch.tensor([-3.0, -0.01, -0.005, 0.0, 0.007, 0.01, 0.02]))
    bias = nn.Parameter(torch.tensor([5.0]))
    penalties.weight_clipping([weight, bias], 0.01)
    assert torch.equal(weight.detach(), torch.tensor([-0.01, -0.01, -0.005, 0.0, 0.007, 0.01, 0.01]))
    assert torch.equal(bias.detach(), torch.tensor([0.01]))
    assert weight.requires_grad and weight.is_leaf, "still a trainable parameter"


def test_weight_clipping_changes_all_parameters_and_no_buffer():
    critic = small_critic(nn.BatchNorm2d(4))
    parameters = list(critic.parameters())
    buffers = [buffer.clone() for buffer in critic.buffers()]
    penalties.weight_clipping(critic.parameters(), 0.01)
    assert all(after is before for after, before in zip(critic.parameters(), parameters, strict=True))
    assert all(p.abs().max() <= 0.01 and p.requires_grad and p.grad is None for p in parameters)
    assert torch.equal(parameters[2], torch.full((4,), 0.01, dtype=torch.float64)), "batch norm's gains, which were 1"
    assert all(torch.equal(b, old) for b, old in zip(critic.buffers(), buffers, strict=True)), (
        "its statistics do not change"
    )
