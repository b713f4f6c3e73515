"""Evaluators, made once for all runs of the same data."""

import json
from functools import lru_cache
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch
from torch import Tensor

from gan_zoo.commands.evaluate.foreign_images import Statistics
from gan_zoo.commands.evaluate.options import Order
from gan_zoo.distributed.strategy import from_rank_zero, rank
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.classifiers import classifier
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.stylized import Stylizations
from gan_zoo.metrics.subsets import Subset
from gan_zoo.metrics.translated import Translations
from gan_zoo.run.directory import Run
from gan_zoo.training import loading
from gan_zoo.translation.routes import Route
from gan_zoo.trust import Source, refuse_foreign


def device() -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def data_settings(run: Run, asked: Order) -> str:
    """Return class and arguments of a run's data module, as text.

    Raises:
        Mistake: not a run's directory, one without a data module, or with one of a module that is not allowed.
    """
    config = run.config()
    if not config.get("data"):
        raise Mistake(f"{run.path} was trained from a loader: without a data module there is nothing to score against.")
    refuse_foreign(config["data"]["class_path"].rpartition(".")[0], Source(run.config_file, asked.allow_modules))
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
    if only is not None:
        real = Subset(real, np.flatnonzero(classes_of(real).numpy() == only), f"class_{only}")
    return against(asked, name, real, said, 0 if real.instant else data.workers)


@lru_cache(maxsize=1)
def translations(asked: Order, name: str, settings: str, routes: tuple[Route, ...]) -> Translations:
    """Against a run's data, on the routes of its model."""
    network, known = extractor(name, asked.weights, asked.resize), asked.classifier and classifier(asked.classifier)
    return Translations(
        routes, module_of(settings), asked.split, network, asked.metrics, device(), asked.real_samples, known or None
    )


@lru_cache(maxsize=1)
def stylizations(asked: Order, name: str, settings: str) -> Stylizations:
    """Against the contents and styles of a run's data."""
    network = extractor(name, asked.weights, asked.resize)
    return Stylizations(module_of(settings), asked.split, network, asked.metrics, device())


def against(asked: Order, name: str, real: Any, split: str, workers: int) -> Evaluator:
    network = extractor(name, asked.weights, asked.resize)
    known = real.references(asked.metrics, network.features) if isinstance(real, Statistics) else None
    return Evaluator(real, network, asked.metrics, device(), split, asked.real_samples, workers, known)


def classes_of(real: Any) -> Tensor:
    """The class of each real image.

    Raises:
        Mistake: they have none.
    """
    label = real.labels.get("label")
    if label is None or label.ndim != 1:
        raise Mistake(f"The images of {real.name} have no classes.")
    return label
