"""StarGAN: its networks, the conditioning on labels, the loss terms, the learning rate, and translations."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from datamodules.labels import LabelSet
from gan_zoo import images
from gan_zoo.commands import translate_options
from gan_zoo.errors import Mistake
from gan_zoo.models import stargan
from gan_zoo.models.stargan import StarGAN
from tests.pairs import count


def attributes(k: int) -> LabelSet:
    return LabelSet(names=[f"a{i}" for i in range(k)], kind="attributes", exclusive=[])


def classes(k: int) -> LabelSet:
    names = [f"c{i}" for i in range(k)]
    return LabelSet(names=names, kind="classes", exclusive=[names])


CELEBA, RAFD = attributes(5), classes(8)


def made(*sets: LabelSet, size: int = 16, **changed: Any) -> Any:
    """Return a small model."""
    torch.manual_seed(0)
    small: dict[str, Any] = {"width": 4, "blocks": 1, "discriminator_width": 4, "halvings": 3}
    return StarGAN((3, size, size), sets, **small | changed)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def values(terms: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: value.item() for name, value in terms.items()}


def joint_batch(n: int = 4, domain: int = 0) -> dict[str, torch.Tensor]:
    """Return a batch of images of one of two sets, which have 2 attributes and 3 classes."""
    label = torch.zeros(n, 5)
    if domain == 0:
        label[:, :2] = torch.tensor([[1.0, 0], [1, 1], [0, 1], [0, 0]]).repeat(n // 4, 1)
    else:
        label[torch.arange(n), 2 + torch.arange(n) % 3] = 1
    return {"image": noise(n, 3, 16, 16), "label": label, "domain": torch.full((n,), domain)}


@pytest.mark.parametrize(
    ("sets", "size", "generator", "discriminator"),
    [
        ((CELEBA,), 128, 8_430_528, 44_762_048),
        ((RAFD,), 128, 8_439_936, 44_786_624),
        ((CELEBA,), 256, 8_430_528, 44_884_928),
        ((CELEBA, RAFD), 128, 8_461_888, 44_827_584),
        ((CELEBA, RAFD), 256, 8_461_888, 45_147_072),
    ],
)
def test_networks_have_as_many_parameters_as_those_of_the_program(sets, size, generator, discriminator):
    with torch.device("meta"):
        model = StarGAN((3, size, size), sets)
    assert (count(model.generator), count(model.discriminator)) == (generator, discriminator)


@pytest.mark.parametrize(("size", "patches"), [(64, 1), (128, 2), (256, 4)])
def test_scores_rate_patches_and_logits_the_whole_image(size, patches):
    with torch.device("meta"):
        model: Any = StarGAN((3, size, size), (CELEBA,))
        scores, logits = model.discriminator(torch.empty(2, 3, size, size))
        features = model.discriminator.main(torch.empty(2, 3, size, size))
        assert model.discriminator.conv2(features).shape == (2, 5, 1, 1)
    assert scores.shape == (2, 1, patches, patches) and logits.shape == (2, 5)


@pytest.mark.parametrize("size", [32, 96, 100])
def test_sizes_that_cannot_be_halved_are_refused(size):
    with pytest.raises(Mistake, match=rf"{size} x {size} pixels cannot .* multiples of 64, such as 64, 128 or 256"):
        made(CELEBA, size=size, halvings=6)


def test_data_without_labels_is_refused():
    with pytest.raises(Mistake, match="no labels to translate to"):
        made()


@pytest.mark.parametrize("sets", [(CELEBA,), (CELEBA, RAFD)])
def test_layers_have_the_names_and_the_order_of_the_program(sets):
    """The names are written by hand after its state dicts. They leave out the running statistics of its norms."""
    model = made(*sets, blocks=2)
    generator, discriminator = model.generator.state_dict(), model.discriminator.state_dict()
    convolutions = ["main.0", "main.3", "main.6", "main.9.main.0", "main.9.main.3", "main.10.main.0", "main.10.main.3"]
    convolutions += ["main.11", "main.14", "main.17"]
    assert [name[:-7] for name in generator if generator[name].ndim == 4] == convolutions
    normed = ["main.1", "main.4", "main.7", "main.9.main.1", "main.9.main.4", "main.10.main.1", "main.10.main.4"]
    normed += ["main.12", "main.15"]
    assert [name for name in generator if generator[name].ndim == 1] == [
        f"{name}.{part}" for name in normed for part in ("weight", "bias")
    ]
    condition = 5 if len(sets) == 1 else 5 + 8 + 2
    assert generator["main.0.weight"].shape == (4, 3 + condition, 7, 7)
    first = [f"main.{place}.{part}" for place in (0, 2, 4) for part in ("weight", "bias")]
    assert list(discriminator) == [*first, "conv1.weight", "conv2.weight"]


@pytest.mark.parametrize("sets", [(CELEBA,), (CELEBA, RAFD)])
def test_borders_are_zeros_and_norms_have_no_running_statistics(sets):
    model = made(*sets)
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert {layer.padding_mode for layer in convolutions} == {"zeros"}
    assert not any("reflect" in type(layer).__name__.lower() for layer in model.modules())
    norms = [layer for layer in model.modules() if isinstance(layer, nn.GroupNorm)]
    assert len(norms) == 7 and all(layer.num_groups == layer.num_channels and layer.affine for layer in norms)
    assert not any("running" in name for name, _ in model.named_buffers())


def test_reflected_borders_would_lose_the_label():
    """This is why borders are zeros: with reflection, the same network ignores the label, apart from rounding."""
    model = made(CELEBA)
    none, every = (torch.full((2, 5), value) for value in (0.0, 1.0))
    image = noise(2, 3, 16, 16)
    assert (model.translate(image, none) - model.translate(image, every)).abs().mean() > 0.01
    model.generator.main[0].padding_mode = "reflect"
    model.generator.main[0]._reversed_padding_repeated_twice = [3] * 4
    assert_close(model.translate(image, none), model.translate(image, every), atol=1e-5, rtol=0)


def test_every_label_changes_the_images_of_an_untrained_network():
    model = made(CELEBA, RAFD)
    image, label = noise(2, 3, 16, 16), torch.zeros(2, 13)
    for place in range(13):
        domain = model.known.domain(place)
        base, changed = (model.translate(image, to, domain) for to in (label, model.known.changed(label, place)))
        assert (base - changed).abs().mean() > 1e-3


def test_the_condition_is_the_labels_of_the_set_and_its_mask():
    model = made(attributes(2), classes(3))
    label = torch.tensor([[1.0, 1, 0, 1, 0]]).expand(2, -1)
    condition = model.condition(label, torch.tensor([0, 1]))
    assert condition.tolist() == [[1, 1, 0, 0, 0, 1, 0], [0, 0, 0, 1, 0, 0, 1]]
    assert made(CELEBA).condition(torch.zeros(1, 5), torch.tensor([0])).tolist() == [[0] * 5]


def test_the_mask_selects_the_set():
    """The labels of the other set have no effect, and the same label with another set gives another image."""
    model = made(attributes(2), classes(3))
    image, label = noise(2, 3, 16, 16), torch.tensor([[1.0, 0, 0, 1, 0]]).expand(2, -1)
    for domain, span in enumerate(model.known.spans):
        own = torch.zeros(2, 5)
        own[:, span] = label[:, span]
        assert_close(model.translate(image, label, domain), model.translate(image, own, domain), rtol=0, atol=0)
    assert (model.translate(image, label, 0) - model.translate(image, label, 1)).abs().mean() > 1e-3


@pytest.mark.parametrize("domain", [0, 1])
def test_class_loss_has_no_gradient_to_the_other_sets_logits(domain):
    model, batch = made(attributes(2), classes(3)), joint_batch(domain=domain)
    logits = noise(4, 5).requires_grad_()
    (gradient,) = torch.autograd.grad(model.class_loss(logits, batch["label"], batch["domain"]), logits)
    own, other = gradient[:, model.known.spans[domain]], gradient[:, model.known.spans[1 - domain]]
    assert (own != 0).all() and (other == 0).all()


def test_class_loss_is_the_programs():
    """It is BCE, summed over attributes and divided by the batch, or softmax cross-entropy of integer classes."""
    model = made(attributes(2), classes(3))
    logits, first, second = noise(4, 5) * 3, joint_batch(domain=0), joint_batch(domain=1)
    expected = F.binary_cross_entropy_with_logits(logits[:, :2], first["label"][:, :2], reduction="sum") / 4
    assert_close(model.class_loss(logits, first["label"], first["domain"]), expected)
    expected = F.cross_entropy(logits[:, 2:], torch.arange(4) % 3)
    assert_close(model.class_loss(logits, second["label"], second["domain"]), expected)


def test_integer_classes_become_one_hot():
    _, label, domain = made(RAFD).unpack({"image": noise(3, 3, 16, 16), "label": torch.tensor([7, 0, 2])})
    assert label.argmax(1).tolist() == [7, 0, 2] and (label.sum(1) == 1).all() and not domain.any()


def test_targets_are_a_permutation_of_the_labels_of_the_mini_batch():
    label = torch.arange(12.0)[:, None].expand(-1, 3)
    torch.manual_seed(0)
    drawn = [stargan.others(label) for _ in range(5)]
    assert all(sorted(targets[:, 0].tolist()) == list(range(12)) for targets in drawn)
    assert all((targets == targets[:, :1]).all() for targets in drawn), "the labels of an image stay together"
    assert len({tuple(targets[:, 0].tolist()) for targets in drawn}) == 5


def test_terms_are_equations_5_and_6(monkeypatch):
    """The equations are written again, with weights other than 1, and fixed draws of `others` and the penalty."""
    monkeypatch.setattr(stargan, "others", lambda label: label.flip(0))
    monkeypatch.setattr("gan_zoo.penalties.interpolation_weights", lambda real: torch.full((len(real), 1, 1, 1), 0.5))
    model, batch = made(attributes(2), classes(3), class_weight=2.0, reconstruction_weight=3.0), joint_batch()
    real, label, mask = batch["image"], batch["label"], torch.tensor([[1.0, 0]]).expand(4, -1)
    target = torch.cat([label.flip(0), mask], dim=1)
    fake = model.generator(real, target)
    back = model.generator(fake, torch.cat([label, mask], dim=1))
    (score, _), (real_score, logits) = model.discriminator(fake), model.discriminator(real)
    middle = ((real + fake) / 2).detach().requires_grad_()
    (slope,) = torch.autograd.grad(model.discriminator(middle)[0].sum(), middle)
    bce = F.binary_cross_entropy_with_logits
    assert values(model.discriminator_loss(batch)) == {
        "discriminator/wasserstein": pytest.approx((score.mean() - real_score.mean()).item()),
        "discriminator/penalty": pytest.approx(10 * (slope.flatten(1).norm(dim=1) - 1).square().mean().item()),
        "discriminator/class": pytest.approx(2 * bce(logits[:, :2], label[:, :2]).item() * 2),
    }
    class_loss = bce(model.discriminator(fake)[1][:, :2], label.flip(0)[:, :2]) * 2
    assert values(model.generator_loss(batch)) == {
        "generator/wasserstein": pytest.approx(-score.mean().item()),
        "generator/class": pytest.approx(2 * class_loss.item()),
        "generator/reconstruction": pytest.approx(3 * (real - back).abs().mean().item()),
    }


def test_the_discriminators_loss_has_no_gradient_in_the_generator():
    model = made(CELEBA)
    batch = {"image": noise(4, 3, 16, 16), "label": (noise(4, 5) > 0).float()}
    sum(model.discriminator_loss(batch).values(), torch.zeros(())).backward()
    assert all(p.grad is None for p in model.generator.parameters())


def test_documented_rates_decay_to_0_and_released_ones_hardly():
    """The program's loop is simulated: in the second half, the rate loses 1/100,000 every 1,000 updates."""
    documented, released = made(CELEBA), made(CELEBA, decay="released")
    assert [documented.rate(step) for step in (0, 20_000, 30_000, 39_999)] == [1, 1, 0.5, pytest.approx(1 / 20_000)]
    assert documented.rate(40_000) == 0
    rate, simulated = 1.0, []
    for update in range(200_000):
        simulated.append(rate)
        if (update + 1) % 1000 == 0 and update + 1 > 100_000:
            rate -= 1 / 100_000
    assert_close(torch.tensor([released.rate(s) for s in range(40_000)]), torch.tensor(simulated[::5]))
    assert released.rate(40_000) == pytest.approx(rate) == pytest.approx(0.999)
    assert made(CELEBA, decay_until=0, decay_from=0).rate(10**6) == 1


def test_a_decay_that_ends_before_it_starts_is_refused():
    with pytest.raises(Mistake, match="decay_until is 20000: it must be at least 20001"):
        made(CELEBA, decay_until=20_000)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_a_translation_does_not_depend_on_the_other_images(memory):
    """The tolerance allows sums over pixels in another order."""
    model = made(CELEBA, RAFD, average_half_life=10)
    image, label = noise(5, 3, 24, 20).to(memory_format=memory), (noise(5, 13) > 0).float()
    whole = model.translate(image, label, 1)
    assert whole.shape == image.shape and whole.abs().max() <= 1 and not whole.requires_grad
    single = torch.cat([model.translate(image[i : i + 1], label[i : i + 1], 1) for i in range(5)])
    assert_close(whole, single, rtol=0, atol=1e-5)


def test_translating_does_not_change_the_network():
    model = made(CELEBA)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train().translate(noise(1, 3, 16, 16), torch.ones(1, 5))
    assert model.training and all(layer.training for layer in model.modules())
    assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_bad_sizes_and_labels_are_refused():
    model = made(CELEBA)
    with pytest.raises(Mistake, match=r"20 x 18 pixels: .* multiples of 4"):
        model.translate(noise(1, 3, 18, 20), torch.zeros(1, 5))
    with pytest.raises(Mistake, match=r"label has shape \(1, 4\) for 1 image\(s\): .* a0, a1, a2, a3, a4"):
        model.translate(noise(1, 3, 16, 16), torch.zeros(1, 4))
    with pytest.raises(Mistake, match="8 x 4 pixels are too few for StarGAN: at least 8 a side"):
        model.translate(noise(1, 3, 4, 8), torch.zeros(1, 5))
    assert model.translate(noise(1, 3, 8, 8), torch.zeros(1, 5)).shape == (1, 3, 8, 8)


@pytest.mark.parametrize("domain", [0, 1])
def test_routes_change_one_label_and_keep_the_others_as_read(domain):
    """The labels of the data are not used, since it has none of the other set's for an image."""
    model, batch = made(attributes(2), classes(3)), joint_batch(8, domain)
    assert [route.name for route in model.routes] == ["a0", "not_a0", "a1", "not_a1", "c0", "c1", "c2"]
    read = model.read(batch["image"])
    assert not torch.equal(read, batch["label"]) and 0 < read[:, :2].mean() < 1
    for route, column, value, domain in ((0, 0, 1, 0), (3, 1, 0, 0)):
        label = read.clone()
        label[:, column] = value
        followed = model.follow(model.routes[route], batch)
        assert_close(followed, model.translate(batch["image"], label, domain), rtol=0, atol=0)
    happy = torch.tensor([[0.0, 0, 0, 1, 0]]).expand(8, -1)
    assert_close(model.follow(model.routes[5], batch), model.translate(batch["image"], happy, 1), rtol=0, atol=0)


@pytest.mark.parametrize("sets", [(CELEBA,), (attributes(2), classes(3))])
def test_scores_see_the_images_of_the_command_translate(sets):
    """Scores translate with `follow`, and the command with `translate_options.given`."""
    model, image = made(*sets), noise(4, 3, 16, 16)
    for route in model.routes:
        batch = {"image": image, "label": torch.zeros(4, len(model.known.names)), "domain": torch.zeros(4).long()}
        by_command = torch.cat(
            [translate_options.relabelled(model, single[None], (route.name,))[0] for single in image]
        )
        # With one image or four at a time, sums over pixels can have another order.
        assert_close(model.follow(route, batch), by_command, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(24, 16), (16, 30), (19, 16)])
def test_labels_are_read_from_the_middle_of_an_image_that_is_not_square(height, width):
    """It is the largest square, as in training. Images squashed into a square would have other labels."""
    model, image = made(CELEBA), noise(64, 3, height, width)
    top, left = (height - 16) // 2, (width - 16) // 2
    expected = model.read(image[:, :, top : top + 16, left : left + 16])
    assert torch.equal(model.read(image), expected)
    assert not torch.equal(model.read(images.to_size(image, (16, 16))), expected)


def test_a_face_that_has_the_only_hair_colour_is_shown_with_it():
    """Its sex is shown flipped, as that label is in no exclusive group."""
    label_set = LabelSet(names=["Blond_Hair", "Male"], kind="attributes", exclusive=[["Blond_Hair"]])
    model, image = made(label_set), noise(1, 3, 16, 16)
    with torch.no_grad():
        signs = model.discriminator(image)[1].sign().view(2, 1, 1, 1)
        model.discriminator.conv2.weight *= signs  # so that it reads both labels in this image
    assert model.read(image).tolist() == [[1, 1]]
    assert [translate_options.changed(model, image, name) for name in label_set["names"]] == ["Blond_Hair", "not_Male"]


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (24, 4)])
def test_grids_have_one_row_per_face_and_one_column_per_label(count, rows):
    """The faces are of both sets, and the six columns are the face itself and 5 labels."""
    model = made(attributes(2), classes(3))

    def examples(n: int) -> dict[str, torch.Tensor]:
        parts = [{name: value[:n] for name, value in joint_batch(4, domain).items()} for domain in (0, 1)]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    each = max(1, rows // 2)
    shown, columns = model.show(count, 0, examples)
    assert columns == 6 and shown.shape == (2 * each * 6, 3, 16, 16)
    faces = examples(each)
    assert_close(shown[::6], faces["image"], rtol=0, atol=0)
    happy = torch.zeros(2 * each, 5)
    happy[:, 3] = 1
    assert_close(shown[4::6], model.translate(faces["image"], happy, 1), rtol=0, atol=1e-6)
