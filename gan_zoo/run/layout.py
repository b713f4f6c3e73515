"""The files that a run writes, by name: what may be overwritten, resumed and removed in a directory, and nothing else.

Loads no torch.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

LOG = "log.txt"
"""What a run of a study printed, over all of its attempts; in its directory."""
FOLDERS = ("images", "checkpoints", "wandb", "tensorboard")
"""The folders in a run's directory."""
NAMES = (
    *(r"config\.yaml", r"run\.json", r"metrics\.jsonl", r"evaluations\.jsonl", r"model\.safetensors"),
    *(r"images/(step|neighbours)_\d{8,}\.png", r"checkpoints/step_\d{8,}\.safetensors"),
    *(r"checkpoints/(last|previous|best|damaged)\.ckpt", r"checkpoints/best_\d{8,}\.ckpt"),
)
"""The paths, below a run's directory, of the files that hold its results."""
BESIDE = (
    *(r"\.lock", re.escape(LOG)),
    *(r"wandb/(offline-)?run-\d+_\d+-\w+(/.+)?", r"wandb/(latest-run|settings|debug[\w.-]*\.log)"),
    r"tensorboard/events\.out\.tfevents\.[^/]+",
)
"""The paths of the other files that a run, its study or its tracker writes there."""
RESULT = re.compile("|".join(NAMES))
TEMPORARY = re.compile(r"((?:images|checkpoints)/)?\.(.+)\.\d+\.new")
OWN = re.compile("|".join((*NAMES, *BESIDE)))
TOP_FILES = ("config.yaml", "run.json", "metrics.jsonl", "evaluations.jsonl", "model.safetensors", ".lock", LOG)
"""The files that lie in the directory itself."""
BEFORE_A_RUN = re.compile(rf"\.lock|{re.escape(LOG)}")
"""The files of a directory whose run has not yet written anything of its own."""


def is_temporary(place: str) -> bool:
    """Return whether a run writes to `place`, a path below its directory, before it renames the file."""
    match = TEMPORARY.fullmatch(place)
    return bool(match and RESULT.fullmatch(f"{match[1] or ''}{match[2]}"))


def is_own(place: str) -> bool:
    """Return whether `place`, a path below a run's directory, is the name of a file that a run writes."""
    return bool(OWN.fullmatch(place)) or is_temporary(place)


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files at any depth below `folder` with their paths below it. A link is a file, and is not followed."""
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in (*names, *links):
            file = Path(parent, name)
            yield file.relative_to(folder).as_posix(), file


def own_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the run's own files in its directory, with their paths below it."""
    for name in os.listdir(folder):
        file = folder / name
        if name in FOLDERS and not file.is_symlink():
            yield from ((f"{name}/{place}", inner) for place, inner in files(file) if is_own(f"{name}/{place}"))
        elif is_own(name):
            yield name, file


def links(folder: Path) -> list[Path]:
    """Return the run's own files and folders in its directory that are links, but for those that wandb makes."""
    own = [folder / name for name in FOLDERS] + [file for place, file in own_files(folder) if place[:6] != "wandb/"]
    return [file for file in own if file.is_symlink()]


def special(folder: Path) -> list[Path]:
    """Return what lies in a run's directory under the name of one of its files or folders, and is of another kind."""
    folders = [folder / name for name in FOLDERS if os.path.lexists(folder / name)]
    places = (*TOP_FILES, *(f"checkpoints/{name}.ckpt" for name in ("last", "previous", "best", "damaged")))
    files = [folder / place for place in places if os.path.lexists(folder / place)]
    wrong = [place for place in folders if not place.is_dir()] + [place for place in files if not place.is_file()]
    return [place for place in wrong if not place.is_symlink()]


def kind(place: Path) -> str:
    """Return what kind of thing lies at `place`, as a message says it."""
    return "file" if place.is_file() else "directory" if place.is_dir() else "pipe or device"


def is_unused(folder: Path) -> bool:
    """Return whether `folder` is empty, or holds no more than what a run makes before its first record."""
    folders = [place for place in folder.iterdir() if place.is_dir()]
    if any(place.is_symlink() or place.name not in FOLDERS[:2] for place in folders):
        return False
    return all(BEFORE_A_RUN.fullmatch(place) or is_temporary(place) for place, _ in files(folder))


def numbered(folder: Path, kind: str) -> Iterator[tuple[int, Path]]:
    """Yield the steps and files that are called `kind`_00001000 in a run's `folder`, images or checkpoints."""
    for file in folder.glob(f"{kind}_*"):
        if RESULT.fullmatch(f"{folder.name}/{file.name}"):
            yield int(file.stem.removeprefix(f"{kind}_")), file


def saved(folder: Path) -> Iterator[Path]:
    """Yield the files in a run's directory that were written with a checkpoint, or copied from one."""
    names = ("model.safetensors", *(f"checkpoints/{name}" for name in ("*.safetensors", "best*.ckpt", "damaged.ckpt")))
    yield from (file for name in names for file in sorted(folder.glob(name)))


def run_of(file: Path) -> Path | None:
    """Return the directory of the run that `file` is, or would be, a file of; None if it is no run's."""
    for folder in list(file.absolute().parents)[:2]:
        if (folder / "run.json").is_file() and is_own(file.absolute().relative_to(folder).as_posix()):
            return folder
    return None
