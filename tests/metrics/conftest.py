"""What tests of scores share."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from datamodules.mnist import MNIST
from tests.metrics.scored import Counting


@pytest.fixture(scope="session")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights with torch-fidelity's names, of a size at which activations neither die nor explode."""
    file = tmp_path_factory.mktemp("inception") / "weights.pth"
    nothing = io.BytesIO()
    torch.save({}, nothing)
    nothing.seek(0)
    kind: Any = FeatureExtractorInceptionV3
    with torch.random.fork_rng(), pytest.MonkeyPatch.context() as patch:
        torch.manual_seed(0)
        patch.setattr(kind, "load_state_dict", lambda *_: None)  # its constructor wants weights to make any
        network = kind("any", ["2048"], feature_extractor_weights_path=nothing)
        for part in network.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight)
    torch.save(network.state_dict(), file)
    return file


@pytest.fixture(scope="session")
def mnist() -> MNIST:
    data = MNIST()
    data.setup("fit")
    return data


@pytest.fixture(scope="session")
def digits(mnist: MNIST) -> Tensor:
    return mnist.images.tensors["image"]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def few(digits: Tensor) -> Counting:
    return Counting("mnist_301", image=digits[:301])
