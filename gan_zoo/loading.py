"""From a run's directory or file back to a model."""

import importlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from gan_zoo.errors import Mistake
from gan_zoo.module import GenerativeModule
from gan_zoo.run import Run


def load(path: str | Path) -> GenerativeModule:
    """The model of a run, in eval mode on the CPU, ready for `sample`.

    Args:
        path: a run's directory or a .safetensors file of one (the generator that is sampled: its moving average, where
            the model keeps one); or a .ckpt file (everything, discriminator included).

    Raises:
        Mistake: nothing there to load, or not a file of ours.
    """
    path = Path(path)
    file = Run(path).model_file if path.is_dir() else path
    if not file.exists():
        raise Mistake(f"There is no {file}: a run writes it with its first checkpoint.")
    return from_checkpoint(file) if file.suffix == ".ckpt" else from_generator(file)


def from_generator(file: Path) -> GenerativeModule:
    """The model in a .safetensors file: only the generator that is sampled is trained, all else as newly made."""
    header = metadata(file)
    model = import_class(header["model"])(**tuples(header["hyperparameters"]))
    model.seed, model.images = header["seed"], header["images"]
    model.averaged.load_state_dict(load_file(file))
    model.has_last_weights = header["weights"] == "last"
    return model.eval()


def metadata(file: Path) -> dict[str, Any]:
    """The header of a .safetensors file of ours: model, hyperparameters, weights, seed, step, images.

    Raises:
        Mistake: damaged, or not ours.
    """
    try:
        with safe_open(file, framework="pt") as content:
            header = content.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise Mistake(f"{file} is not a whole safetensors file: {error}.") from error
    if "gan_zoo" not in header:
        raise Mistake(f"{file} holds no model of ours: its header names none.")
    return json.loads(header["gan_zoo"])


def from_checkpoint(file: Path) -> GenerativeModule:
    """The model in a .ckpt file, whole."""
    try:
        content = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for damaged and for dangerous files
        raise Mistake(f"{file} is not a checkpoint that can be read safely: {str(error).splitlines()[0]}") from error
    model = import_class(content["gan_zoo"]["model"])(**content["hyper_parameters"])
    model.on_load_checkpoint(content)
    model.load_state_dict(content["state_dict"])
    return model.eval()


def tuples(values: dict[str, Any]) -> dict[str, Any]:
    """`values` with the tuples that JSON and YAML made lists of."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def import_class(path: str) -> Any:
    """The object that `package.module.Class` names.

    Raises:
        Mistake: it cannot be imported.
    """
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise Mistake(f"{path} cannot be imported: {error}.") from error
