"""With bf16-mixed, networks run in bfloat16 but losses in float32, because bfloat16 would round them too much.

The Wasserstein estimate of scores near 10 would be off by up to 0.1, and a VAE's KL term near the prior by 10 %.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gan_zoo import losses
from gan_zoo.models.vae import VAE, divergence
from gan_zoo.module import GenerativeModule
from tests.models.test_finite_differences import batch_of, fakes, hold_still, made
from tests.models.test_resume import MODELS

LOSSES = [
    function for _, function in inspect.getmembers(losses, inspect.isfunction) if function.__module__ == losses.__name__
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_a_loss_of_bfloat16_scores_equals_that_of_the_same_scores_in_float64(loss: Callable[..., Tensor]) -> None:
    torch.manual_seed(0)
    numbers = {"a": 0.0, "b": 1.0, "c": 1.0}
    arguments: dict[str, Any] = {}
    for name in inspect.signature(loss).parameters:
        scores = (10 + torch.randn(64)).bfloat16()
        special = {"logits": torch.randn(64, 5).bfloat16(), "label": torch.randint(5, (64,))} | numbers
        arguments[name] = special.get(name, scores)
    exact = {
        name: v.double() if isinstance(v, Tensor) and v.is_floating_point() else v for name, v in arguments.items()
    }
    assert_close(loss(**arguments).double(), loss(**exact), rtol=1e-6, atol=1e-5)  # float32 rounds values near 10


def outputs_in_float32(model: nn.Module) -> list[Any]:
    """Add hooks that convert the outputs of the model's networks to float32, which keeps their values."""

    def convert(layer: nn.Module, arguments: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            return tuple(part.float() for part in output)
        return output.float() if isinstance(output, Tensor) else {name: part.float() for name, part in output.items()}

    networks = []
    for child in model.children():
        networks += list(child.children()) if isinstance(child, nn.ModuleDict) else [child]
    return [network.register_forward_hook(convert) for network in networks]


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_the_losses_of_a_model_equal_those_of_its_outputs_in_float32(
    kind: type[GenerativeModule], tmp_path: Path
) -> None:
    """A loss computed in bfloat16 would differ by about 1e-3."""
    model, row = made(kind, tmp_path)
    hold_still(model)
    torch.manual_seed(1)
    batch = {
        name: value.float() if value.is_floating_point() else value
        for name, value in batch_of(row.keys, row.shape, 4).items()
    }

    def terms() -> dict[str, Tensor]:
        torch.manual_seed(2)
        with torch.autocast("cpu", torch.bfloat16):
            if hasattr(model, "loss"):
                return model.loss(batch)
            return model.generator_loss(batch) | model.discriminator_loss(batch | fakes(model, batch))

    actual = terms()
    assert all(term.dtype == torch.float32 for term in actual.values())
    hooks = outputs_in_float32(model)
    assert_close(actual, terms(), rtol=1e-5, atol=1e-6)
    [hook.remove() for hook in hooks]


def test_the_kl_term_near_the_prior_is_not_rounded_away() -> None:
    """With the encoder's outputs in bfloat16, 1 + log σ² - σ² is a difference of numbers near 1."""
    torch.manual_seed(0)
    model = VAE(image_shape=(1, 8, 8), latent_dim=6, width=(8,))
    image = torch.rand(16, 1, 8, 8) * 2 - 1
    with torch.no_grad():
        model.encoder[-1].weight.mul_(0.1)  # pyright: ignore
    with torch.autocast("cpu", torch.bfloat16):
        mean, log_variance = model.encode(image)
        term = divergence(mean, log_variance).mean()
    assert_close(term.double(), divergence(mean.double(), log_variance.double()).mean(), rtol=1e-4, atol=0)
