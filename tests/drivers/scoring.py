"""Scores a model on a group of processes: `spread(work, (folder, extractor), devices)` runs `work` on each."""

import json
from pathlib import Path
from typing import Any

import torch

from datamodules.mnist import MNIST
from datamodules.stream import InMemory
from gan_zoo.distributed.strategy import rank, world_size
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.fakes import Sampled, Sampling
from gan_zoo.models.gan import GAN

CASES: dict[str, tuple[int, dict[str, Any]]] = {
    "plain": (601, {}),
    "batches": (601, {"batch_norm": "train"}),
    "idle": (2, {}),
}
"""Number of images and the options of sampling. With only two images in `idle`, one of three processes has none."""


class Noted(GAN):
    """Keeps the latents that its generator receives."""

    def render(self, network: Any, latents: torch.Tensor, *more: Any) -> torch.Tensor:
        self.__dict__.setdefault("given", []).append(latents)
        return super().render(network, latents, *more)


def work(order: tuple[str, str, int]) -> None:
    """Write the scores of every case, and the latents from which this process made images."""
    folder, extractor, chunk = order
    torch.set_num_threads(1)
    data = MNIST()
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
