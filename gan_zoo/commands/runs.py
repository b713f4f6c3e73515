"""`gan-zoo runs rm`: removes the directories of runs that failed, and of no run that trains."""

import shutil
from pathlib import Path

from gan_zoo.errors import Mistake
from gan_zoo.run.directory import Run, runs
from gan_zoo.run.files import disk, lock, size


def remove_failed(root: Path, is_sure: bool) -> int:
    """Remove the failed runs below `root`, after a question unless `is_sure`. Returns 0, or 1 if the answer is no.

    Raises:
        Mistake: there is no such folder, no failed run in it, nobody to ask, or a directory that cannot be removed.
    """
    failed = [Path(row["run"]) for row in runs(root) if row["status"] == "failed"]
    if not failed:
        raise Mistake(f"There is no failed run in {root}: nothing to remove.")
    for run in failed:
        print(f"{run}  {size(disk(run))}")
    if not (is_sure or agrees(f"Remove {len(failed)} failed runs? [y/N] ")):
        print("Nothing was removed.")
        return 1
    for run in failed:
        remove(run)
    return 0


def agrees(question: str) -> bool:
    """Whether the answer is y or yes."""
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError as error:
        raise Mistake("There is nobody to ask: say --yes to remove them.") from error


def remove(run: Path) -> None:
    """Remove a run's directory, holding it meanwhile; one that was begun again since is left."""
    try:
        file = lock(run)
        if file is None:
            print(f"{run} trains again: left as it is.")
            return
        with file:
            if Run(run).record().get("status") == "failed":  # still, now that nobody can begin it
                shutil.rmtree(run)
    except OSError as error:
        raise Mistake(f"{run} cannot be removed: {error.strerror}.") from error
