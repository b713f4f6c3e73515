"""From a run's directory or file, or a name, back to a model."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest, shorten
from gan_zoo.memory import guarded
from gan_zoo.module import GenerativeModule
from gan_zoo.run.directory import Run
from gan_zoo.trust import import_object, names_from


def load(
    path: str | Path, changed: dict[str, Any] | None = None, allow_modules: tuple[str, ...] = ()
) -> GenerativeModule:
    """The model of a run, in eval mode on the CPU, ready for `sample`.

    Args:
        path: a run's directory or a .safetensors file of one (the generator that is sampled: its moving average, where
            the model keeps one); or a .ckpt file (everything, discriminator included); or the name of a model that came
            with the package: mnist-wgan-gp.
        changed: hyperparameters that are other here than where the run was made, such as a path.
        allow_modules: packages or modules beside ours that the file may name, and so run: ("mypackage",).

    Raises:
        Mistake: nothing there to load, not a file of ours, or one that names a module that is not allowed.
    """
    path = Path(path)
    file = Run(path).model_file if path.is_dir() else path if path.exists() else pretrained(str(path))
    if not file.exists():
        raise Mistake(f"There is no {file}: a run writes it with its first checkpoint.")
    read = from_checkpoint if file.suffix == ".ckpt" else from_generator
    with (
        names_from(file, tuple(allow_modules)),
        guarded(f"The model in {file}", "a machine with more memory can load it"),
    ):
        return read(file, changed or {})


def pretrained(name: str) -> Path:
    """The file of a model that came with the package; its configuration and score lie beside it.

    Raises:
        Mistake: there is none of this name.
    """
    files = {file.stem: file for file in (Path(__file__).parents[1] / "pretrained").glob("*.safetensors")}
    if name not in files:
        raise Mistake(
            f"There is no {name}{closest(name, files)}: name a run's directory, a .safetensors or .ckpt file, or a "
            f"model that came with gan_zoo: {', '.join(sorted(files))}."
        )
    return files[name]


def from_generator(file: Path, changed: dict[str, Any]) -> GenerativeModule:
    """The model in a .safetensors file: only the generator that is sampled is trained, all else as newly made.

    Raises:
        Mistake: damaged, not ours, or of a model that has changed since.
    """
    header = metadata(file)
    model = import_class(header["model"], GenerativeModule)(**tuples(header["hyperparameters"]) | changed)
    model.seed, model.images = header["seed"], header["images"]
    fill(model.averaged, read_tensors(file), file)
    model.has_last_weights, model.has_discriminator = header["weights"] == "last", False
    return model.eval()


def from_checkpoint(file: Path, changed: dict[str, Any]) -> GenerativeModule:
    """The model in a .ckpt file, whole.

    Raises:
        Mistake: damaged, dangerous, not ours, or of a model that has changed since.
    """
    content = read_checkpoint(file)
    if "gan_zoo" not in content:
        raise Mistake(f"{file} is a checkpoint, but not of a model of ours: use load_from_checkpoint of its own class.")
    model = import_class(content["gan_zoo"]["model"], GenerativeModule)(**content["hyper_parameters"] | changed)
    model.on_load_checkpoint(content)
    fill(model, content["state_dict"], file)
    return model.eval()


def fill(network: nn.Module, state: dict[str, Tensor], file: Path) -> None:
    """Load `state`, all of it and nothing else, into `network`.

    Raises:
        Mistake: it does not fit.
    """
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise Mistake(shorten(f"The weights in {file} do not fit {type(network).__name__}: {error}")) from error


def metadata(file: Path) -> dict[str, Any]:
    """The header of a .safetensors file of ours: model, hyperparameters, weights, seed, step, images.

    Raises:
        Mistake: damaged, or not ours.
    """
    try:
        with safe_open(file, framework="pt") as content:
            header = content.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise Mistake(shorten(f"{file} is not a whole safetensors file: {error}.")) from error
    if "gan_zoo" not in header:
        raise Mistake(f"{file} holds no model of ours: its header names none.")
    return json.loads(header["gan_zoo"])


def read_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file.

    Raises:
        Mistake: damaged.
    """
    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise Mistake(shorten(f"{file} is not a whole safetensors file: {error}.")) from error


def read_checkpoint(file: Path) -> dict[str, Any]:
    """The content of a .ckpt file, of which nothing is executed.

    Raises:
        Mistake: damaged, dangerous, or not Lightning's.
    """
    try:
        content = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for damaged and for dangerous files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Mistake(shorten(f"{file} is not a checkpoint that can be read safely: {reason}")) from error
    if not (isinstance(content, dict) and "state_dict" in content):
        raise Mistake(f"{file} is not a checkpoint of Lightning's: it has no state_dict.")
    return content


def tuples(values: dict[str, Any]) -> dict[str, Any]:
    """`values` with the tuples that JSON and YAML made lists of."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def import_class(path: str, base: type) -> Any:
    """Return the class that `package.module.Class` names: one that derives from `base`.

    Raises:
        Mistake: it cannot be imported, is something else, or the file that names it may not.
    """
    module, _, name = path.rpartition(".")
    try:
        found = import_object(module, name)
    except ImportError as error:
        raise Mistake(f"{path} cannot be imported: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise Mistake(f"{path} is no {base.__name__}.")
    return found
