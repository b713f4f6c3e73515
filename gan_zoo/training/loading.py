"""From a run's directory, a file or a name back to a model.

The file may come from anywhere: it is a plain file, its header fits the schema, and nothing in it is executed.
"""

import zipfile
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
from gan_zoo.run.reading import Damaged, open_plain, parse_json
from gan_zoo.run.schemas import CHECKPOINT, HEADER, MADE_BY
from gan_zoo.trust import import_object, names_from


def load(
    path: str | Path, changed: dict[str, Any] | None = None, allow_modules: tuple[str, ...] = ()
) -> GenerativeModule:
    """Return the model of a run, in eval mode on the CPU, ready for `sample`.

    Args:
        path: A run's directory, a .safetensors file of one (the generator for sampling: its moving average if the
            model keeps one), a .ckpt file (everything, the discriminator included), or the name of a model that comes
            with the package: mnist-wgan-gp.
        changed: Hyperparameters that differ here from where the run was made, such as a path.
        allow_modules: Packages or modules beside ours that the file may name, and so run: ("mypackage",).

    Raises:
        Mistake: There is nothing to load, it is not a file of ours, or it names a module that is not allowed.
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
    """Return the file of a model that comes with the package. Its configuration and score lie beside it.

    Raises:
        Mistake: There is none of this name.
    """
    files = {file.stem: file for file in (Path(__file__).parents[1] / "pretrained").glob("*.safetensors")}
    if name not in files:
        raise Mistake(
            f"There is no {name}{closest(name, files)}: name a run's directory, a .safetensors or .ckpt file, or a "
            f"model that came with gan_zoo: {', '.join(sorted(files))}."
        )
    return files[name]


def from_generator(file: Path, changed: dict[str, Any]) -> GenerativeModule:
    """Return the model in a .safetensors file. Only its generator is trained; all else is newly made.

    Raises:
        Mistake: The file is damaged, not ours, or of a model that has changed since.
    """
    header = metadata(file)
    model = build(file, header["model"], tuples(header["hyperparameters"]) | changed)
    model.seed, model.images = header["seed"], header["images"]
    fill(model.averaged, read_tensors(file), file)
    model.has_last_weights, model.has_discriminator = header["weights"] == "last", False
    return model.eval()


def from_checkpoint(file: Path, changed: dict[str, Any]) -> GenerativeModule:
    """Return the whole model in a .ckpt file.

    Raises:
        Mistake: The file is damaged, dangerous, not ours, or of a model that has changed since.
    """
    content = read_checkpoint(file)
    if "gan_zoo" not in content:
        raise Mistake(f"{file} is a checkpoint, but not of a model of ours: use load_from_checkpoint of its own class.")
    model = build(file, content["gan_zoo"]["model"], content.get("hyper_parameters", {}) | changed)
    model.on_load_checkpoint(content)
    fill(model, content["state_dict"], file)
    return model.eval()


def build(file: Path, class_path: str, hyperparameters: dict[str, Any]) -> GenerativeModule:
    """Return a new model of the class and the hyperparameters that `file` names.

    Raises:
        Mistake: The class cannot be imported, or does not take the hyperparameters.
    """
    kind = import_class(class_path, GenerativeModule)
    try:
        return kind(**hyperparameters)
    except Mistake as mistake:
        raise Mistake(f"{file} holds hyperparameters that cannot be used: {mistake}") from mistake
    except Exception as error:  # a constructor can fail in any way on values that it was not written for
        reason = f"{type(error).__name__}: {error}"
        message = f"{file} holds hyperparameters that {kind.__name__} cannot be built from ({reason}"
        raise Mistake(f"{shorten(message)}).") from error


def fill(network: nn.Module, state: dict[str, Tensor], file: Path) -> None:
    """Load `state` into `network`. It must hold all weights and nothing else.

    Raises:
        Mistake: It does not fit.
    """
    try:
        network.load_state_dict(state)
    except Exception as error:  # RuntimeError for other shapes, others for what is no tensor
        raise Mistake(shorten(f"The weights in {file} do not fit {type(network).__name__}: {error}")) from error


def metadata(file: Path) -> dict[str, Any]:
    """Return the header of a .safetensors file of ours: model, hyperparameters, weights, seed, step, images.

    Raises:
        Mistake: The file is damaged, or not ours.
    """
    open_plain(file, follow=True).close()
    try:
        with safe_open(file, framework="pt") as content:
            header = content.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise Mistake(shorten(f"{file} is not a whole safetensors file: {error}.")) from error
    if "gan_zoo" not in header:
        raise Mistake(f"{file} holds no model of ours: its header names none.")
    place = f"{file}, entry gan_zoo of its header,"
    return HEADER.check(parse_json(header["gan_zoo"], place), place)


def read_tensors(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file.

    Raises:
        Mistake: The file is damaged.
    """
    open_plain(file, follow=True).close()
    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise Mistake(shorten(f"{file} is not a whole safetensors file: {error}.")) from error


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Return the content of a .ckpt file. Nothing in it is executed, and it does not grow when it is read.

    Raises:
        Mistake: The file is damaged, dangerous, or not Lightning's.
    """
    refuse_compressed(file)
    try:
        content = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for damaged and for dangerous files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Mistake(shorten(f"{file} is not a checkpoint that can be read safely: {reason}")) from error
    if not (isinstance(content, dict) and "state_dict" in content):
        raise Mistake(f"{file} is not a checkpoint of Lightning's: it has no state_dict.")
    if "gan_zoo" in content:
        MADE_BY.check(content["gan_zoo"], f"{file}, entry gan_zoo,")
    for name, value in CHECKPOINT.check(content, str(file))["state_dict"].items():
        if not isinstance(value, Tensor):
            raise Damaged(f"{file} cannot be used: {name} is {shorten(repr(value), 40)}, and should be a tensor.")
    return content


def refuse_compressed(file: Path) -> None:
    """Raise a `Mistake` if a checkpoint is no plain file, or a zip whose entries are larger than the file.

    torch stores its tensors uncompressed, so an entry that would grow was written by something else.

    Raises:
        Mistake: Says what is wrong.
    """
    with open_plain(file, follow=True) as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
            return  # torch says more about what is no zip
        total = stream.seek(0, 2)
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries) or total < sum(e.file_size for e in entries):
        raise Damaged(f"{file} is compressed, or its entries overlap: torch does not write such checkpoints.")


def tuples(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with lists as tuples, which JSON and YAML do not have."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def import_class(path: str, base: type) -> Any:
    """Return the class that `package.module.Class` names, which derives from `base`.

    Raises:
        Mistake: It cannot be imported, is something else, or the file that names it may not do so.
    """
    module, _, name = path.rpartition(".")
    try:
        found = import_object(module, name)
    except ImportError as error:
        raise Mistake(f"{path} cannot be imported: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise Mistake(f"{path} is no {base.__name__}.")
    return found
