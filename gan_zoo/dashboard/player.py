"""The process that makes the playground's pictures: `python -m gan_zoo.dashboard.player MODULE ...`.

It alone imports torch. It reads requests from its standard input and writes an answer to each, in the form of
`messages.py`, until its input ends. The arguments are the modules beside ours that a run may name. It computes on the
CPU with half of the cores, at low priority, since a training may be running.
"""

import os
import signal
import sys
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, get_args, get_type_hints

import lightning.pytorch as L
import torch

from datamodules.errors import DataError
from gan_zoo import images
from gan_zoo.dashboard import scenes
from gan_zoo.dashboard.controls import Mode
from gan_zoo.dashboard.messages import receive, send
from gan_zoo.dashboard.stamps import Stamp, stamp
from gan_zoo.errors import Mistake
from gan_zoo.lookup import shorten
from gan_zoo.models.stargan import StarGAN
from gan_zoo.module import GenerativeModule
from gan_zoo.run.directory import Run
from gan_zoo.training import loading
from gan_zoo.trust import names_from

MODELS = 2
"""Number of models that are kept in memory."""
OWN = 16
"""Number of a run's own images to choose from."""
HELD_OUT = ("val", "valid", "validation", "test")
"""Names of splits whose images a run was not trained on, the first that there is."""
TRIES = 5
"""Number of times that a model is loaded, if the run writes its files meanwhile."""


@dataclass
class Loaded:
    """A model in memory."""

    stamp: Stamp
    """The state of the files that it was read from."""
    pictures: scenes.Pictures
    modes: dict[str, Mode]


class Player:
    """Answers requests, with the models of the last runs in memory.

    Args:
        allow_modules: Modules beside ours that a run may name.
    """

    def __init__(self, allow_modules: tuple[str, ...]) -> None:
        self.allow_modules = allow_modules
        self._models: OrderedDict[str, Loaded] = OrderedDict()

    def answer(self, request: dict[str, Any], files: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the answer to a request, and its files.

        Raises:
            Mistake: The request cannot be met.
        """
        if request["kind"] == "reduce":
            return {}, [scenes.reduced(files[0])]
        loaded = self._loaded(request["run"])
        if request["kind"] == "controls":
            return {"modes": [mode.described() for mode in loaded.modes.values()]}, []
        if request["mode"] not in loaded.modes:
            listed = ", ".join(loaded.modes)
            raise Mistake(f"This run cannot show {shorten(request['mode'], 40)}: it can show {listed}.")
        mode = loaded.modes[request["mode"]]
        loaded.pictures.sent = dict(zip(request["sent"], files, strict=True))
        return {"stamp": loaded.stamp}, [scenes.png(mode.draw(mode.read(request["values"])))]

    def _loaded(self, path: str) -> Loaded:
        """Return the model of a run, which is read again if its files have changed."""
        if path not in self._models or self._models[path].stamp != stamp(Path(path)):
            self._models.pop(path, None)
            while len(self._models) >= MODELS:
                self._models.popitem(last=False)
            self._models[path] = self._load(Path(path))
        self._models.move_to_end(path)
        return self._models[path]

    def _load(self, path: Path) -> Loaded:
        for _ in range(TRIES):
            before = stamp(path)
            model = whole(path, self.allow_modules)
            if stamp(path) == before:
                break
        pictures = own_pictures(Run(path), model, self.allow_modules)
        return Loaded(before, pictures, {mode.name: mode for mode in scenes.modes(model, pictures)})


def whole(path: Path, allow_modules: tuple[str, ...]) -> GenerativeModule:
    """Return the model of a run, with its discriminator if it has to read the labels of images."""
    model = loading.load(path, allow_modules=allow_modules)
    if isinstance(model, StarGAN) and model.reads_labels and not model.has_discriminator:
        return loading.load(Run(path).last, allow_modules=allow_modules)
    return model


def own_pictures(run: Run, model: GenerativeModule, allow_modules: tuple[str, ...]) -> scenes.Pictures:
    """Return the images of the run's data, for a model that makes images of images. There may be none."""
    if hasattr(model, "latent_dim"):
        return scenes.Pictures({})
    try:
        batch = examples(run, allow_modules)
    except (Mistake, DataError, OSError) as error:
        return scenes.Pictures({}, shorten(f"The run's own images cannot be read: {error}"))
    return scenes.Pictures(images.unaltered(batch, model.preparation.crop))


def examples(run: Run, allow_modules: tuple[str, ...]) -> images.Batch:
    """Return the first images of the run's data, of a split that it was not trained on if there is one.

    Raises:
        Mistake: The run has no data module, or one that it may not name.
        DataError: The data is not there.
    """
    config = run.config()
    if not config.get("data"):
        raise Mistake("it was trained from a loader.")
    with names_from(run.config_file, allow_modules):
        kind = loading.import_class(config["data"]["class_path"], L.LightningDataModule)
        data = kind(**loading.tuples(config["data"].get("init_args", {})))
    data.setup("fit")
    chosen = [config.get(name, {}).get("split") for name in ("grids", "evaluation")]
    known = get_args(get_type_hints(kind.__init__).get("split"))
    for split in filter(None, [*chosen, *(name for name in HELD_OUT if name in known)]):
        with suppress(DataError):  # a folder need not have all splits
            return data.examples(OWN, split)
    return data.examples(OWN)


def serve(requests: BinaryIO, answers: BinaryIO, player: Player) -> None:
    """Answer requests until there are no more."""
    while received := receive(requests):
        try:
            message, files = player.answer(*received)
        except (Mistake, DataError) as mistake:
            message, files = {"mistake": str(mistake)}, []
        except Exception as error:  # the next request may be met all the same
            message, files = {"error": shorten(f"{type(error).__name__}: {error}")}, []
        send(answers, message, *files)


def main() -> None:
    """Serve the process that started this one, which alone decides when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches this process too
    os.nice(5)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    serve(requests, answers, Player(tuple(sys.argv[1:])))


if __name__ == "__main__":
    main()
