"""Fixtures of the tests of scores."""

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
    """Write random weights with torch-fidelity's names, scaled so that activations neither vanish nor explode."""
    file = tmp_path_factory.mktemp("inception") / "weights.pth"
    empty = io.BytesIO()
    torch.save({}, empty)
    empty.seek(0)
    kind: Any = FeatureExtractorInceptionV3
    with torch.random.fork_rng(), pytest.MonkeyPatch.context() as patch:
        torch.manual_seed(0)
        patch.setattr(kind, "load_state_dict", lambda *_: None)  # its constructor always loads a file
        network = kind("any", ["2048"], feature_extractor_weights_path=empty)
        for part in network.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight)
    torch.save(network.state_dict(), file)
    return file


@pytest.fixture(scope="session")
def mnist() -> MNIST:
    data = MNIST(split="test")
    data.setup("fit")
    return data


@pytest.fixture(scope="session")
def digits(mnist: MNIST) -> Tensor:
    return mnist.images.tensors["image"]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def few(digits: Tensor) -> Counting:
    return Counting("mnist_301", image=digits[:301])
