"""Every network that a user can name, forward and backward, against a contiguous float64 copy with the same weights.

The results of torch depend on memory layout, precision and batch size: torch 2.14.1 reads a channels-last gradient of
`nn.InstanceNorm2d` at batch 1 in the wrong order, without a warning. The networks are found by listing the tables and
the files, so that a new network is checked without being named here.
"""

import contextlib
import copy
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from gan_zoo import networks, perceptual
from gan_zoo.errors import Mistake
from gan_zoo.layers import instance_norm, layer_norm
from gan_zoo.models import adain, cgan, vae
from gan_zoo.networks import (
    conditional,
    patchgan,
    pieces,
    progressive,
    stargan,
    style,
    style2,
    style2_discriminator,
    translator,
    unet,
)

LATENT, CLASSES = 6, 3
SHARED = {"pieces", "__init__"}
"""Files of gan_zoo/networks without a network of their own."""
DEEP = "resnet101"
"""At batch 1 and 2 its hundred batch norms see few values each, and rounding errors grow from layer to layer."""


class NoSize(Exception):
    """A network cannot be made at any of the sizes that the tests try."""


class Case(NamedTuple):
    """A network and the shapes of one row of each of its inputs, where "label" is a class."""

    name: str
    make: Callable[[], nn.Module]
    inputs: tuple[Any, ...]


def made(name: str, make: Callable[..., nn.Module], inputs: Callable[[Any], tuple[Any, ...]]) -> Case:
    """Return a case with the smallest size that the network `make(image_shape=...)` takes."""
    for size in (16, 32, 64, 28, 112, 128):
        shape = (3, size, size)
        try:
            make(image_shape=shape)
        except Mistake:
            continue
        return Case(name, partial(make, image_shape=shape), inputs(shape))
    raise NoSize(f"{name} takes none of the sizes that are tried here: add one that it takes")


def width(name: str) -> Any:
    return {"maxout": (5, 5), "mlp": (8, 8), "mlp_relu": (8, 8), "mlp_he": (8, 8)}.get(name, 4)


def noise_networks() -> Iterator[Case]:
    for name in networks.GENERATORS:
        options = {"name": name, "latent_dim": LATENT, "width": width(name)}
        yield made(f"generator-{name}", partial(networks.generator, **options), lambda _: (LATENT,))
        conditioned = partial(conditional.generator, **options, num_classes=CLASSES)
        yield made(f"generator-{name}-with-class", conditioned, lambda _: (LATENT, "label"))
    for name in networks.DISCRIMINATORS:
        yield from in_every_norm(f"discriminator-{name}", partial(networks.discriminator, name, width=width(name)))


def in_every_norm(name: str, make: Callable[..., nn.Module]) -> Iterator[Case]:
    """Yield the network with each norm that it takes. It takes at least one."""
    cases = []
    for norm in ("batch", "layer", "none"):
        with contextlib.suppress(NoSize):
            cases.append(made(f"{name}-{norm}", partial(make, norm=norm), lambda shape: (shape,)))
    assert cases, f"{name} takes no norm"
    yield from cases


def class_networks() -> Iterator[Case]:
    for name in conditional.CLASSIFIERS:
        make = partial(conditional.classifier, name, width=width(name), num_classes=CLASSES)
        yield from in_every_norm(f"classifier-{name}", make)
    for name in conditional.FEATURES:
        make = partial(conditional.projected, name, width=width(name), num_classes=CLASSES)
        yield made(f"projected-{name}", make, lambda shape: (shape, "label"))
    for name in conditional.FLAT:
        make = partial(conditional.discriminator, name, width=width(name), num_classes=CLASSES, strength=1.0)
        yield made(f"labelled-{name}", make, lambda shape: (shape, "label"))
    sizes, shape = (4, 5, 6), (3, 8, 8)
    yield Case("cgan-generator", lambda: cgan.papers_generator(shape, LATENT, CLASSES, sizes, 0.5), (LATENT, "label"))
    yield Case("cgan-discriminator", lambda: cgan.papers_discriminator(shape, CLASSES, sizes, 0.5), (shape, "label"))


def image_networks() -> Iterator[Case]:
    norm: Any
    for norm in pieces.PRESENT_NORMS:
        for layers in (0, 1, 3):
            yield Case(
                f"patchgan-{layers}-{norm}", lambda n=norm, k=layers: patchgan.patchgan(3, 4, k, n), ((3, 32, 32),)
            )
        yield Case(f"unet-{norm}", lambda n=norm: unet.UNet(3, 3, 4, 6, n), ((3, 64, 64),))
        yield Case(f"translator-{norm}", lambda n=norm: translator.translator(3, 3, 4, 2, n), ((3, 16, 16),))
    yield Case("stargan-generator", lambda: stargan.Generator(3, CLASSES, 4, 2), ((3, 16, 16), (CLASSES,)))
    yield Case("stargan-discriminator", lambda: stargan.Discriminator((3, 16, 16), CLASSES, 4, 3), ((3, 16, 16),))
    shape = (3, 16, 16)
    for name, pair in (("mlp", vae.mlp_networks), ("dcgan", vae.dcgan_networks)):
        encoder, decoder = (partial(lambda make, k, w: make(shape, LATENT, w)[k], pair, k, width(name)) for k in (0, 1))
        yield Case(f"vae-encoder-{name}", encoder, (shape,))
        yield Case(f"vae-decoder-{name}", decoder, (LATENT,))
    yield Case("adain-decoder", lambda: adain.decoder("vgg16"), ((512, 2, 2),))


def growing_networks() -> Iterator[Case]:
    shape, stages = (3, 16, 16), ((4, 1.0), (16, 0.4), (16, 1.0))
    makers = {
        "progan-generator": (lambda: progressive.generator(shape, LATENT, 8), False),
        "stylegan-generator": (lambda: style.generator(shape, LATENT, 8, 3), False),
        "progan-discriminator": (lambda: progressive.discriminator(shape, 8, 2), True),
        "stylegan-discriminator": (lambda: progressive.discriminator(shape, 8, 2, blur=True), True),
    }
    for name, (make, takes_images) in makers.items():
        for side, alpha in stages:

            def grown(make: Any = make, side: int = side, alpha: float = alpha) -> nn.Module:
                network = make()
                network.grow(side, alpha)
                return network

            yield Case(f"{name}-{side}-{alpha}", grown, ((3, side, side) if takes_images else LATENT,))


def modulated_networks() -> Iterator[Case]:
    shape = (3, 16, 16)
    for classes, given in ((0, ()), (CLASSES, ("label",))):
        name = "-with-class" if classes else ""
        make = partial(style2.generator, shape, LATENT, 8, 4, 3, classes)
        yield Case(f"stylegan2-generator{name}", make, (LATENT, *given))
        for residual in (True, False):
            judge = partial(style2_discriminator.discriminator, shape, 8, 4, 2, residual, classes)
            yield Case(f"stylegan2-discriminator-{residual}{name}", judge, (shape, *given))


CASES = [*growing_networks(), *modulated_networks(), *noise_networks(), *class_networks(), *image_networks()]


def test_no_file_of_networks_is_left_out() -> None:
    files = {file.stem for folder in networks.__path__ for file in Path(folder).glob("*.py")} - SHARED
    tables = (networks.GENERATORS, networks.DISCRIMINATORS, conditional.CLASSIFIERS, conditional.FEATURES)
    makers = [getattr(make, "func", make) for table in tables for make in table.values()]
    named = {make.__module__.rpartition(".")[2] for make in makers}
    beside = (conditional, patchgan, progressive, stargan, style, style2, style2_discriminator, translator, unet)
    assert files == named | {module.__name__.rpartition(".")[2] for module in beside}, (
        "add the networks of a new file to the cases above"
    )


def prepared(case: Case) -> nn.Module:
    torch.manual_seed(1)
    network = case.make().train()
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0  # float64 would draw another mask
        if isinstance(layer, style.Generator):
            # It starts flat, and its norm divides by the root of 1e-8: rounding would be multiplied by 10,000.
            nn.init.normal_(layer.constant)
    return network


def inputs_of(case: Case, n: int) -> list[Tensor]:
    torch.manual_seed(2)
    return [
        torch.arange(n) % CLASSES
        if shape == "label"
        else torch.randn(n, *((shape,) if isinstance(shape, int) else shape))
        for shape in case.inputs
    ]


def freeze_norms_of_one_value(network: nn.Module, inputs: list[Tensor]) -> None:
    """Put each batch norm that sees one value per channel, which has no deviation, into eval mode."""

    def look(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        if arguments[0].numel() == arguments[0].shape[1]:
            layer.eval()

    norms = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    hooks = [layer.register_forward_pre_hook(look) for layer in norms]
    with torch.no_grad():
        network(*inputs)
    [hook.remove() for hook in hooks]


def run(network: nn.Module, inputs: list[Tensor], layout: torch.memory_format) -> dict[str, Tensor]:
    """Return outputs, and gradients of a weighted sum of them, in float64, by name. Gradients arrive in `layout`."""

    def laid_out(x: Tensor) -> Tensor:
        return x.contiguous(memory_format=layout) if x.ndim == 4 else x

    dtype = next(network.parameters()).dtype
    leaves = [x.to(dtype, copy=True) if x.is_floating_point() else x for x in inputs]
    leaves = [laid_out(x).requires_grad_() if x.is_floating_point() else x for x in leaves]
    torch.manual_seed(3)  # for a U-Net's dropout
    outputs = network(*leaves)
    outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
    torch.manual_seed(4)
    weights = [torch.randn(output.shape) for output in outputs]
    torch.autograd.backward(outputs, [laid_out(w.to(o.dtype)) for w, o in zip(weights, outputs, strict=True)])
    tensors = {f"output {i}": output for i, output in enumerate(outputs)}
    tensors |= {f"input {i}": leaf.grad for i, leaf in enumerate(leaves) if leaf.is_floating_point()}
    tensors |= {name: parameter.grad for name, parameter in network.named_parameters()}
    return {name: value.detach().double().contiguous() for name, value in tensors.items() if value is not None}


def pair(case: Case, n: int, precision: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the results of the network as models use it, and those of its contiguous copy in float64."""
    network, inputs = prepared(case), inputs_of(case, n)
    freeze_norms_of_one_value(network, inputs)
    exact = copy.deepcopy(network).double().to(memory_format=torch.contiguous_format)  # pyright: ignore
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        result = run(network, inputs, torch.channels_last)
    return result, run(exact, inputs, torch.contiguous_format)


every_network = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@every_network
@pytest.mark.parametrize("n", [1, 2])
def test_float32_and_channels_last_compute_what_float64_does(case: Case, n: int) -> None:
    """Each gradient agrees to 1e-3: rounding is about 1e-6, and grows where a batch norm sees few values (see `DEEP`).

    Some gradients are only rounding errors, such as that of a bias before a norm; 1e-5 of the largest is also allowed.
    """
    share = 3e-2 if DEEP in case.name else 1e-3
    result, exact = pair(case, n, "fp32")
    assert result.keys() == exact.keys()
    largest = max(float(value.norm()) for name, value in exact.items() if not name.startswith("output"))
    for name, value in exact.items():
        allowed = share * float(value.norm()) + (0 if name.startswith("output") else 1e-5 * largest)
        assert float((result[name] - value).norm()) <= allowed, name


@every_network
@pytest.mark.parametrize("n", [1, 2])
def test_bfloat16_points_where_float64_does(case: Case, n: int) -> None:
    """All gradients of the parameters are compared together. Depth and norms of few values cost some of the 8 bits.

    A gradient in the wrong order, as with `nn.InstanceNorm2d` at batch 1, gives a cosine of about 0.4.
    """
    result, exact = pair(case, n, "bf16")
    flat = [
        torch.cat([value.flatten() for name, value in tensors.items() if not name.startswith(("input", "output"))])
        for tensors in (result, exact)
    ]
    if DEEP in case.name:
        assert float(cosine_similarity(flat[0], flat[1], dim=0)) > 0.5
        return
    assert float(cosine_similarity(flat[0], flat[1], dim=0)) > 0.9
    outputs = [
        torch.cat([v.flatten() for k, v in tensors.items() if k.startswith("output")]) for tensors in (result, exact)
    ]
    assert float((outputs[0] - outputs[1]).norm()) <= 0.15 * float(outputs[1].norm())


@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
@pytest.mark.parametrize("n", [1, 2])
def test_vgg_gives_an_image_the_gradient_that_float64_gives_it(network: Any, n: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    shapes = perceptual.expected_shapes(network)
    torch.save({name: torch.randn(shape) * 0.05 for name, shape in shapes.items()}, tmp_path / "vgg.pth")
    taps = ("relu1_1", "relu3_1")
    features = perceptual.Features(taps, network, str(tmp_path / "vgg.pth"), padding="zeros")
    gradients = []
    for layout, dtype in ((torch.channels_last, torch.float32), (torch.contiguous_format, torch.float64)):
        image = torch.rand(n, 3, 16, 16, generator=torch.Generator().manual_seed(1)).mul(2).sub(1)
        image = image.to(dtype).contiguous(memory_format=layout).requires_grad_()
        maps = features.to(dtype)(image)
        torch.stack([maps[tap].square().sum() for tap in taps]).sum().backward()
        assert image.grad is not None
        gradients.append(image.grad.double().contiguous())
    assert float((gradients[0] - gradients[1]).norm()) <= 1e-4 * float(gradients[1].norm())


@every_network
def test_no_network_has_a_convolution_whose_backward_pass_corrupts_memory(case: Case) -> None:
    """In torch 2.14.1 on a CPU a 1 x 1 convolution of stride 2 with few channels writes beyond its gradient."""
    convolutions = [layer for layer in case.make().modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert not [layer for layer in convolutions if set(layer.kernel_size) == {1} and set(layer.stride) != {1}]


@pytest.mark.parametrize("affine", [False, True])
def test_instance_norm_is_torchs_own_where_that_is_right(affine: bool) -> None:
    """In contiguous memory nn.InstanceNorm2d computes the right gradient, and its weights have the same names."""
    theirs, ours = nn.InstanceNorm2d(5, affine=affine).double(), instance_norm(5, affine).double()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 5, 4, 3, dtype=torch.float64)
    weight, gradients = torch.randn_like(x), []
    for norm in (theirs, ours):
        leaf = x.clone().requires_grad_()
        (norm(leaf) * weight).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-10, atol=1e-10)  # float64, summed in another order


@pytest.mark.parametrize("norm", [instance_norm(6), instance_norm(6, affine=True), layer_norm(6)])
@pytest.mark.parametrize("n", [1, 4])
def test_a_norm_of_nearly_flat_maps_is_not_rounded_away(norm: nn.Module, n: int) -> None:
    """With mean 1 and deviation 0.01, torch's channels-last group norm is off by 0.02; float32 can be right to 1e-5."""
    torch.manual_seed(0)
    maps, weight = 1 + 0.01 * torch.randn(n, 6, 12, 10), torch.randn(n, 6, 12, 10)
    results = []
    for dtype, layout in ((torch.float32, torch.channels_last), (torch.float64, torch.contiguous_format)):
        leaf = maps.to(dtype).contiguous(memory_format=layout).requires_grad_()
        result = copy.deepcopy(norm).to(dtype)(leaf)
        assert result.is_contiguous(memory_format=layout)
        result.backward(weight.to(dtype).contiguous(memory_format=layout))
        assert leaf.grad is not None
        results.append((result.detach().double(), leaf.grad.double().contiguous()))
    for ours, exact in zip(*results, strict=True):
        assert float((ours - exact).norm()) <= 1e-4 * float(exact.norm())
