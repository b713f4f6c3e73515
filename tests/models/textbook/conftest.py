"""What the comparisons share."""

import pytest
import torch


@pytest.fixture(autouse=True)
def double_precision():
    """Models, images and random draws are float64, which the Trainer leaves as they are; weights are the same ones."""
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)
