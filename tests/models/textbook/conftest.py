"""The fixture that all comparisons use."""

import pytest
import torch


@pytest.fixture(autouse=True)
def double_precision():
    """Make models, images and random draws float64, which the Trainer does not change, and seed the weights."""
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)
