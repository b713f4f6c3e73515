"""Scores a model on a group of processes: `spread(work, (folder, extractor), devices)` runs `work` on each."""

import json
import math
from pathlib import Path
from typing import Any

import torch

from datamodules.mnist import MNIST
from datamodules.stream import InMemory
from gan_zoo.distributed.strategy import gathered, rank, world_size
from gan_zoo.errors import NonFinite
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.fakes import Sampled, Sampling, grey_levels
from gan_zoo.metrics.protocol import Conditions
from gan_zoo.models.gan import GAN
from gan_zoo.sampling import Inputs

CASES: dict[str, tuple[int, dict[str, Any]]] = {
    "plain": (601, {}),
    "batches": (601, {"batch_norm": "train"}),
    "idle": (2, {}),
}
"""Number of images and the options of sampling. With only two images in `idle`, one of three processes has none."""


class Noted(GAN):
    """Keeps the latents that its generator receives."""

    def render(self, network: Any, inputs: Inputs) -> torch.Tensor:
        self.__dict__.setdefault("given", []).append(inputs.latents)
        return super().render(network, inputs)


def work(order: tuple[str, str, int]) -> None:
    """Write the scores of every case, and the latents from which this process made images."""
    folder, extractor, chunk = order
    torch.set_num_threads(1)
    data = MNIST(split="test")
    data.setup("fit")
    digits = data.images.tensors["image"][:301]  # pyright: ignore[reportAttributeAccessIssue]
    network = extractors.make(extractor)
    network.batch = chunk
    evaluator = Evaluator(InMemory("mnist_301", image=digits), network, ("fd", "kid"), torch.device("cpu"))
    results = {}
    for name, (samples, sampling) in CASES.items():
        torch.manual_seed(0)
        model = Noted(image_shape=(1, 28, 28), latent_dim=8, architecture="dcgan", width=4).eval()
        scores, protocol = evaluator.score(Sampled(model, Sampling(seed=3, **sampling)), samples)
        results[name] = {metric: score.value for metric, score in scores.items()}
        results[name]["protocol"] = protocol.as_dict()
        torch.save(model.__dict__.get("given", []), Path(folder, f"latents_{name}_{world_size()}_{rank()}.pt"))
    Path(folder, f"scores_{world_size()}_{rank()}.json").write_text(json.dumps(results))


class LastIsNaN:
    """Images of which only the last one, in the share of the last process, is not finite."""

    conditions, unit = Conditions(), 1

    def images(self, first: int, count: int) -> torch.Tensor:
        image = torch.zeros(count, 1, 28, 28)
        image[-1] += math.nan if first + count == 20 else 0
        return grey_levels(image, "LastIsNaN")


def score_nan(folder: str) -> None:
    """Score `LastIsNaN`, and write down the error of this process."""
    real = InMemory("real", image=torch.randint(0, 256, (30, 1, 28, 28), dtype=torch.uint8))
    evaluator = Evaluator(real, extractors.make("lenet"), ("fd",), torch.device("cpu"))
    try:
        evaluator.score(LastIsNaN(), 20)
    except NonFinite as error:
        Path(folder, f"error_{rank()}").write_text(str(error))
        gathered(rank())  # so that no process ends the others before they have written
        raise
