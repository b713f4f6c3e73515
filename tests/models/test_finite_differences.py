"""The gradient of each model's losses in float64, against a directional finite difference.

The models are found by listing their folder, as in tests/models/test_resume.py, whose table has their arguments.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.testing import assert_close

from gan_zoo import perceptual
from gan_zoo.models.gatys import Objective
from gan_zoo.module import GenerativeModule
from gan_zoo.networks import style
from tests.models.test_resume import MODELS, Row, row_of, vgg16

STEP = 1e-7
"""Half the width of the central difference, small enough that few ReLUs of a VGG change sides within it. Rounding of
the loss adds an error of about 1e-16 / STEP = 1e-9 of its value."""


def hold_still(model: nn.Module) -> None:
    """Let nothing but the weights change between two evaluations: a power iteration would change its vectors."""
    for layer in model.modules():
        if isinstance(layer, parametrize.ParametrizationList):
            layer.eval()


def leave_flat_start(model: nn.Module) -> None:
    """Give StyleGAN's constant some relief: it starts flat, and the norm after it divides by the root of 1e-8."""
    for layer in model.modules():
        if isinstance(layer, style.Generator):
            nn.init.normal_(layer.constant)


def batch_of(keys: tuple[str, ...], shape: tuple[int, int, int], n: int) -> dict[str, Tensor]:
    return {
        key: torch.arange(n) % 3 if key == "label" else torch.rand(n, *shape, dtype=torch.float64) * 2 - 1
        for key in keys
    }


def check_gradient(loss: Callable[[], Tensor], parameters: list[Tensor]) -> None:
    """Compare the slope of `loss` along a random direction with the difference of its values on either side."""

    def value() -> Tensor:
        torch.manual_seed(5)
        return loss()

    gradients = torch.autograd.grad(value(), parameters, allow_unused=True)
    assert any(gradient is not None for gradient in gradients)
    torch.manual_seed(6)
    # A direction that leans on the gradient, so that the slope is not a small difference of large numbers.
    directions = [  # detached, because the parameter may be an image whose slope is computed
        torch.randn_like(p) * p.detach().abs().mean() + (0 if g is None else g / (g.norm() + 1e-30) * p.detach().norm())
        for p, g in zip(parameters, gradients, strict=True)
    ]
    slope = sum(float((g * d).sum().detach()) for g, d in zip(gradients, directions, strict=True) if g is not None)
    values = []
    with torch.no_grad():
        for sign in (1, -1):
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter += sign * STEP * direction
            with torch.enable_grad():  # a gradient penalty differentiates within the loss
                values.append(float(value().detach()))
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter -= sign * STEP * direction
    assert_close((values[0] - values[1]) / (2 * STEP), slope, rtol=1e-5, atol=1e-7)


def made(kind: type[GenerativeModule], folder: Path) -> tuple[Any, Row]:
    """Return a small model of `kind` in training mode, and its row of the table."""
    row = row_of(kind)
    for argument, write in row.files.items():
        write(folder / argument)
    torch.manual_seed(0)
    arguments = row.arguments | {name: str(folder / name) for name in row.files}
    if "num_classes" in kind.__init__.__annotations__:
        arguments |= {"num_classes": 3 if "label" in row.keys else 0}
    if "image_shape" in kind.__init__.__annotations__:
        arguments |= {"image_shape": row.shape}
    model: Any = kind(**arguments)
    return model.train(), row


@pytest.mark.parametrize("kind", MODELS, ids=[kind.__name__ for kind in MODELS])
@pytest.mark.parametrize("n", [1, 2])
def test_the_gradient_of_each_loss_is_its_slope(kind: type[GenerativeModule], n: int, tmp_path: Path) -> None:
    model, row = made(kind, tmp_path)
    hold_still(model.double())
    leave_flat_start(model)
    if n == 1 and any(isinstance(layer, nn.BatchNorm1d) for layer in model.modules()):
        pytest.skip("batch norm of vectors has no deviation at batch 1")
    torch.set_default_dtype(torch.float64)  # latents are drawn in the default type
    try:
        batch = batch_of(row.keys, row.shape, n)
        optimizers = model.configure_optimizers()
        optimizers = optimizers if isinstance(optimizers, tuple) else (optimizers,)
        if hasattr(model, "loss"):
            losses = (model.loss,)
        else:
            losses = (model.generator_loss, lambda b: model.discriminator_loss(b | fakes(model, b)))
        if hasattr(model, "path_loss"):  # StyleGAN2's regularisers, in updates of their own
            losses, optimizers = (*losses, model.path_loss, model.penalty_loss), optimizers * 2
        for loss, optimizer in zip(losses, optimizers, strict=True):
            owned = [p for group in optimizer.param_groups for p in group["params"]]
            check_gradient(lambda loss=loss: torch.stack(list(loss(batch).values())).sum(), owned)
    finally:
        torch.set_default_dtype(torch.float32)


def fakes(model: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the fakes that CycleGAN's discriminators receive as an argument; other models make their own."""
    return model.fakes(batch) if "a" in batch and hasattr(model, "pools") else {}


def test_the_gradient_of_gatys_loss_is_its_slope_at_the_image(tmp_path: Path) -> None:
    vgg16(tmp_path / "vgg.pth")
    objective = Objective()
    features = perceptual.Features(objective.taps, "vgg16", str(tmp_path / "vgg.pth"), padding="zeros").double()
    torch.manual_seed(1)
    content, style, image = (torch.rand(1, 3, 32, 32, dtype=torch.float64) * 2 - 1 for _ in range(3))
    terms = objective.against(content, style, features)
    image = image.requires_grad_()
    check_gradient(lambda: torch.stack(list(terms(image).values())).sum(), [image])
