"""Evaluators, made once for all runs of the same data."""

import json
from functools import lru_cache
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch
from torch import Tensor

from gan_zoo import loading
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import Evaluator, Wanted
from gan_zoo.metrics.fakes import CHUNK
from gan_zoo.rescoring.given import Statistics
from gan_zoo.rescoring.options import Order
from gan_zoo.run import Run
from gan_zoo.strategy import from_rank_zero, rank


def device() -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def data_settings(run: Run) -> str:
    """Class and arguments of a run's data module, as text.

    Raises:
        Mistake: not a run's directory, or one without a data module.
    """
    config = run.config()
    if not config.get("data"):
        raise Mistake(f"{run.path} was trained from a loader: without a data module there is nothing to score against.")
    return json.dumps({"class": config["data"]["class_path"], "arguments": config["data"]["init_args"]})


@lru_cache(maxsize=1)
def extractor(name: str, weights: str | None, resize: str | None) -> extractors.Extractor:
    return extractors.make(name, weights, resize)


@lru_cache(maxsize=1)
def module_of(settings: str) -> Any:
    """A data module, set up; downloads are the first process's."""
    said = json.loads(settings)
    kind = loading.import_class(said["class"], L.LightningDataModule)
    return set_up(kind(**loading.tuples(said["arguments"])))


def set_up(data: Any) -> Any:
    if rank() == 0:
        data.prepare_data()
    from_rank_zero(None)  # the others wait until it is there
    data.setup("fit")
    return data


@lru_cache(maxsize=1)
def evaluator(asked: Order, name: str, settings: str, only: int | None) -> Evaluator:
    """Against a run's data, or those of one class."""
    data = module_of(settings)
    if not hasattr(data, "reference"):
        raise Mistake(f"{type(data).__name__} has no `reference`: derive it from datamodules.stream.StreamedData.")
    real = data.reference(asked.split)
    said = asked.split or getattr(data, "split", "")
    real = real if only is None else OneClass(real, only)
    return against(asked, name, real, said, 0 if real.instant else data.workers)


def against(asked: Order, name: str, real: Any, split: str, workers: int) -> Evaluator:
    network = extractor(name, asked.weights, asked.resize)
    known = real.references(asked.metrics, network.features) if isinstance(real, Statistics) else None
    return Evaluator(real, network, asked.metrics, device(), split, asked.real_samples, workers, known)


class OneClass:
    """The images of `real` that are of one class."""

    def __init__(self, real: Any, number: int) -> None:
        self.real, self.number, self.instant = real, number, real.instant
        self.indices = np.flatnonzero(labels_of(real).numpy() == number)
        self.name = f"{real.name}_class_{number}"

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, request: Any) -> dict[str, Tensor]:
        return self.real[Wanted(self.indices[request.indices], request.resolution)]

    def fingerprint(self) -> str:
        return f"{self.real.fingerprint()}-{self.number}"


@lru_cache(maxsize=1)
def labels_of(real: Any) -> Tensor:
    """The class of each real image.

    Raises:
        Mistake: they have none.
    """
    parts = []
    for first in range(0, len(real), CHUNK):
        batch = real[Wanted(np.arange(first, min(first + CHUNK, len(real))))]
        if batch.get("label", torch.zeros(1, 1)).ndim != 1:
            raise Mistake(f"The images of {real.name} have no classes.")
        parts.append(batch["label"])
    return torch.cat(parts)
