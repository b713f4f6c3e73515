"""Makes evaluators and data modules, once for all runs that share their data."""

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
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.judges import Judge, ModelKind, judge
from gan_zoo.metrics.real import Real, reference
from gan_zoo.metrics.subsets import Subset
from gan_zoo.run.directory import Run
from gan_zoo.training import loading
from gan_zoo.trust import Source, refuse_foreign


def device() -> torch.device:
    """Return the GPU of this process, or the CPU."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def data_settings(run: Run, order: Order) -> str:
    """Return the class and the arguments of a run's data module as JSON, which is the key of the caches below.

    Raises:
        Mistake: The run has no data module, or one from a package that is not allowed.
    """
    config = run.config()
    if not config.get("data"):
        raise Mistake(
            f"{run.path} was trained from a loader, without a data module to compare with: score its samples by --fake."
        )
    refuse_foreign(config["data"]["class_path"].rpartition(".")[0], Source(run.config_file, order.allow_modules))
    return json.dumps({"class": config["data"]["class_path"], "arguments": config["data"]["init_args"]})


def split_for(run: Run, order: Order) -> str | None:
    """Return the split to compare with: the requested one, or that of the run's own scores; None: the training split.

    Copies of training images are looked for in the training split.
    """
    if order.split or order.neighbours or "authpct" in order.metrics:
        return order.split
    return (run.config().get("evaluation") or {}).get("split")


@lru_cache(maxsize=1)
def extractor(name: str, weights: str | None, resize: str | None) -> extractors.Extractor:
    """Return the extractor called `name`."""
    return extractors.make(name, weights, resize)


@lru_cache(maxsize=1)
def module_of(settings: str) -> Any:
    """Return the data module that `data_settings` describes, set up."""
    description = json.loads(settings)
    kind = loading.import_class(description["class"], L.LightningDataModule)
    return set_up(kind(**loading.tuples(description["arguments"])))


def set_up(data: Any) -> Any:
    """Download and set up a data module, and return it. Only the first process downloads."""
    if rank() == 0:
        data.prepare_data()
    from_rank_zero(None)  # the others wait until the data is there
    data.setup("fit")
    return data


@lru_cache(maxsize=1)
def sample_evaluator(order: Order, name: str, settings: str, only: int | None) -> Evaluator:
    """Return the evaluator of samples.

    Args:
        order: The order.
        name: Name of the extractor.
        settings: The data module, as from `data_settings`.
        only: The class of the real images to compare with; None: all of them.
    """
    real = reference(module_of(settings), order.split)
    if only is not None:
        indices = np.flatnonzero(classes_of(real.images).numpy() == only)
        real = real._replace(images=Subset(real.images, indices, f"class_{only}"))
    return against(order, name, real)


@lru_cache(maxsize=1)
def evaluator_of(order: Order, name: str, settings: str, kind: ModelKind) -> Judge:
    """Return the evaluator of models that make images from images; the other arguments are as in `sample_evaluator`."""
    network = extractor(name, order.weights, order.resize)
    data, count = module_of(settings), order.real_samples
    return judge(kind, data, order.split, network, order.metrics, device(), order.classifier, count)


def against(order: Order, name: str, real: Real) -> Evaluator:
    """Return an evaluator that compares with real images.

    Args:
        order: The order.
        name: Name of the extractor.
        real: The real images, or `Statistics` in their place.

    Raises:
        Mistake: The preset is for another number of real images.
    """
    if order.whole and len(real.images) not in (0, order.whole):  # statistics need not tell their number
        raise Mistake(
            f"--preset is for {order.whole} real images, and {real.images.name} has {len(real.images)}: choose another."
        )
    network = extractor(name, order.weights, order.resize)
    images, count = real.images, order.real_samples
    references = images.references(order.metrics, network) if isinstance(images, Statistics) else None
    return Evaluator(images, network, order.metrics, device(), real.split, count, real.workers, references)


def classes_of(real: Any) -> Tensor:
    """Return the class of each real image.

    Raises:
        Mistake: The images have no classes.
    """
    label = real.labels.get("label")
    if label is None or label.ndim != 1:
        raise Mistake(f"The images of {real.name} have no classes: leave --per-class and --labels out.")
    return label
