"""StarGAN's networks, the part of a label that counts, and what a step does with it."""

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
    """A small one."""
    torch.manual_seed(0)
    small: dict[str, Any] = {"width": 4, "blocks": 1, "discriminator_width": 4, "halvings": 3}
    return StarGAN((3, size, size), sets, **small | changed)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def values(terms: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: value.item() for name, value in terms.items()}


def joint_batch(n: int = 4, domain: int = 0) -> dict[str, torch.Tensor]:
    """Images of one of two sets, of 2 attributes and 3 classes."""
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
def test_networks_have_as_many_parameters_as_the_programs(sets, size, generator, discriminator):
    with torch.device("meta"):
        model = StarGAN((3, size, size), sets)
    assert (count(model.generator), count(model.discriminator)) == (generator, discriminator)


@pytest.mark.parametrize(("size", "patches"), [(64, 1), (128, 2), (256, 4)])
def test_scores_are_of_patches_and_logits_of_the_whole(size, patches):
    with torch.device("meta"):
        model: Any = StarGAN((3, size, size), (CELEBA,))
        scores, logits = model.discriminator(torch.empty(2, 3, size, size))
        features = model.discriminator.main(torch.empty(2, 3, size, size))
        assert model.discriminator.conv2(features).shape == (2, 5, 1, 1)
    assert scores.shape == (2, 1, patches, patches) and logits.shape == (2, 5)


@pytest.mark.parametrize("size", [32, 96, 100])
def test_sizes_that_cannot_be_made_are_refused(size):
    with pytest.raises(Mistake, match=rf"{size} x {size} pixels cannot .* multiples of 64, such as 64, 128 or 256"):
        made(CELEBA, size=size, halvings=6)


def test_no_labels_are_refused():
    with pytest.raises(Mistake, match="no labels to translate to"):
        made()


@pytest.mark.parametrize("sets", [(CELEBA,), (CELEBA, RAFD)])
def test_the_programs_layers_in_its_order(sets):
    """Its state dicts' names, but for the running statistics, with our count of labels; written by hand."""
    model = made(*sets, blocks=2)
    generator, discriminator = model.generator.state_dict(), model.discriminator.state_dict()
    ends = ["main.0", "main.3", "main.6", "main.9.main.0", "main.9.main.3", "main.10.main.0", "main.10.main.3"]
    ends += ["main.11", "main.14", "main.17"]
    assert [name[:-7] for name in generator if generator[name].ndim == 4] == ends
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
    convolutions = [one for one in model.modules() if isinstance(one, nn.Conv2d | nn.ConvTranspose2d)]
    assert {one.padding_mode for one in convolutions} == {"zeros"}
    assert not any("reflect" in type(one).__name__.lower() for one in model.modules())
    norms = [layer for layer in model.modules() if isinstance(layer, nn.GroupNorm)]
    assert len(norms) == 7 and all(layer.num_groups == layer.num_channels and layer.affine for layer in norms)
    assert not any("running" in name for name, _ in model.named_buffers())


def test_reflected_borders_would_lose_the_label():
    """Why borders are zeros: the same network with reflection does not see a label at all, but for rounding."""
    model = made(CELEBA)
    one, other = (torch.full((2, 5), value) for value in (0.0, 1.0))
    image = noise(2, 3, 16, 16)
    assert (model.translate(image, one) - model.translate(image, other)).abs().mean() > 0.01
    model.generator.main[0].padding_mode = "reflect"
    model.generator.main[0]._reversed_padding_repeated_twice = [3] * 4
    assert_close(model.translate(image, one), model.translate(image, other), atol=1e-5, rtol=0)


def test_every_label_changes_what_a_fresh_network_makes():
    model = made(CELEBA, RAFD)
    image, label = noise(2, 3, 16, 16), torch.zeros(2, 13)
    for place in range(13):
        domain = model.known.domain(place)
        base, changed = (model.translate(image, one, domain) for one in (label, model.known.changed(label, place)))
        assert (base - changed).abs().mean() > 1e-3


def test_the_generator_is_told_its_sets_labels_and_which_set():
    model = made(attributes(2), classes(3))
    label = torch.tensor([[1.0, 1, 0, 1, 0]]).expand(2, -1)
    condition = model.condition(label, torch.tensor([0, 1]))
    assert condition.tolist() == [[1, 1, 0, 0, 0, 1, 0], [0, 0, 0, 1, 0, 0, 1]]
    assert made(CELEBA).condition(torch.zeros(1, 5), torch.tensor([0])).tolist() == [[0] * 5]


def test_the_mask_selects_the_set():
    """The part of the other set says nothing, and the same label of another set is another picture."""
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
    """BCE summed over attributes and divided by the batch; softmax cross-entropy of integer classes."""
    model = made(attributes(2), classes(3))
    logits, first, second = noise(4, 5) * 3, joint_batch(domain=0), joint_batch(domain=1)
    wanted = F.binary_cross_entropy_with_logits(logits[:, :2], first["label"][:, :2], reduction="sum") / 4
    assert_close(model.class_loss(logits, first["label"], first["domain"]), wanted)
    wanted = F.cross_entropy(logits[:, 2:], torch.arange(4) % 3)
    assert_close(model.class_loss(logits, second["label"], second["domain"]), wanted)


def test_integer_classes_are_ones_among_zeros():
    _, label, domain = made(RAFD).unpack({"image": noise(3, 3, 16, 16), "label": torch.tensor([7, 0, 2])})
    assert label.argmax(1).tolist() == [7, 0, 2] and (label.sum(1) == 1).all() and not domain.any()


def test_targets_are_a_permutation_of_the_minibatchs_own():
    label = torch.arange(12.0)[:, None].expand(-1, 3)
    torch.manual_seed(0)
    drawn = [stargan.others(label) for _ in range(5)]
    assert all(sorted(one[:, 0].tolist()) == list(range(12)) for one in drawn)
    assert all((one == one[:, :1]).all() for one in drawn), "an image's labels stay together"
    assert len({tuple(one[:, 0].tolist()) for one in drawn}) == 5


def test_terms_are_equations_5_and_6(monkeypatch):
    """Written out anew, with weights that are not 1; `others` reverses, and the penalty's points are half-way."""
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
    told = bce(model.discriminator(fake)[1][:, :2], label.flip(0)[:, :2]) * 2
    assert values(model.generator_loss(batch)) == {
        "generator/wasserstein": pytest.approx(-score.mean().item()),
        "generator/class": pytest.approx(2 * told.item()),
        "generator/reconstruction": pytest.approx(3 * (real - back).abs().mean().item()),
    }


def test_discriminators_update_moves_no_generator():
    model = made(CELEBA)
    batch = {"image": noise(4, 3, 16, 16), "label": (noise(4, 5) > 0).float()}
    sum(model.discriminator_loss(batch).values(), torch.zeros(())).backward()
    assert all(p.grad is None for p in model.generator.parameters())


def test_documented_rates_fall_and_released_ones_hardly():
    """The program's loop, simulated: every 1,000 updates of the second half, 1/100,000 of the first rate less."""
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


def test_an_end_before_the_start_is_refused():
    with pytest.raises(Mistake, match="decay_until is 20000: it must be at least 20001"):
        made(CELEBA, decay_until=20_000)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_one_image_is_translated_as_in_a_batch(memory):
    """Up to rounding: sums over pixels may be split otherwise."""
    model = made(CELEBA, RAFD, average_half_life=10)
    image, label = noise(5, 3, 24, 20).to(memory_format=memory), (noise(5, 13) > 0).float()
    whole = model.translate(image, label, 1)
    assert whole.shape == image.shape and whole.abs().max() <= 1 and not whole.requires_grad
    single = torch.cat([model.translate(image[i : i + 1], label[i : i + 1], 1) for i in range(5)])
    assert_close(whole, single, rtol=0, atol=1e-5)


def test_translating_leaves_the_network_as_it_was():
    model = made(CELEBA)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train().translate(noise(1, 3, 16, 16), torch.ones(1, 5))
    assert model.training and all(one.training for one in model.modules())
    assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_what_cannot_be_translated_is_refused():
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
    """Whatever the data says of them: of an image of the other set it says nothing."""
    model, batch = made(attributes(2), classes(3)), joint_batch(8, domain)
    assert [one.name for one in model.routes] == ["a0", "not_a0", "a1", "not_a1", "c0", "c1", "c2"]
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
def test_scores_see_what_translate_makes(sets):
    """`follow` is what scores translate by, `ways.given` what the command does."""
    model, image = made(*sets), noise(4, 3, 16, 16)
    for route in model.routes:
        batch = {"image": image, "label": torch.zeros(4, len(model.known.names)), "domain": torch.zeros(4).long()}
        by_command = torch.cat([translate_options.given(model, one[None], (route.name,))[0] for one in image])
        # One image or four at a time: sums over pixels may be split otherwise.
        assert_close(model.follow(route, batch), by_command, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(24, 16), (16, 30), (19, 16)])
def test_of_a_photograph_that_is_not_square_the_middle_is_read(height, width):
    """As training cuts it: the largest square. Squashed into one, the same photographs are read otherwise."""
    model, image = made(CELEBA), noise(64, 3, height, width)
    top, left = (height - 16) // 2, (width - 16) // 2
    wanted = model.read(image[:, :, top : top + 16, left : left + 16])
    assert torch.equal(model.read(image), wanted)
    assert not torch.equal(model.read(images.to_size(image, (16, 16))), wanted)


def test_a_face_that_has_the_only_hair_colour_is_shown_with_it():
    """And its sex is shown changed, which is of no group."""
    known = LabelSet(names=["Blond_Hair", "Male"], kind="attributes", exclusive=[["Blond_Hair"]])
    model, image = made(known), noise(1, 3, 16, 16)
    with torch.no_grad():
        signs = model.discriminator(image)[1].sign().view(2, 1, 1, 1)
        model.discriminator.conv2.weight *= signs  # so that both labels are read of this image
    assert model.read(image).tolist() == [[1, 1]]
    assert [translate_options.changed(model, image, name) for name in known["names"]] == ["Blond_Hair", "not_Male"]


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (24, 4)])
def test_grids_have_a_face_a_row_and_a_label_a_column(count, rows):
    """Of each of two sets; 5 labels and the face itself."""
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
