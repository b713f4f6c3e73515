"""`gan-zoo runs rm`: removes the files of runs that failed or are named, and nothing else that lies beside them.

A run that failed and has a checkpoint (the disk was full, say) can be resumed: it is removed only where it is named.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from gan_zoo.errors import Mistake
from gan_zoo.run import layout
from gan_zoo.run.directory import Run, runs
from gan_zoo.run.files import lock, size


def failed_runs(root: Path) -> list[Run]:
    """Return the failed runs below `root` that cannot be resumed, and print which of them can.

    Raises:
        Mistake: there is no such folder, or no such run in it.
    """
    rows = [row for row in runs(root) if has_failed(Run(row["run"]))]
    for row in rows:
        if Run(row["run"]).has_checkpoint():
            print(
                f"{row['run']} is left: it failed at step {row['step']} and can be resumed. To remove it, say "
                f"gan-zoo runs rm {row['run']}"
            )
    found = [Run(row["run"]) for row in rows if not Run(row["run"]).has_checkpoint()]
    if not found:
        raise Mistake(f"There is no failed run in {root}{' that cannot be resumed' * bool(rows)}: nothing to remove.")
    return found


def named_runs(paths: list[str]) -> list[Run]:
    """Return the runs in the directories `paths`.

    Raises:
        Mistake: a directory holds no run.
    """
    found = [Run(path) for path in dict.fromkeys(paths)]
    for run in found:
        if not run.exists():
            raise Mistake(f"{run.path} is not the directory of a run: name runs, or --failed and a folder of them.")
    return found


def has_failed(run: Run) -> bool:
    """Return whether a run of ours says that it failed."""
    return run.exists() and run.record().get("status") == "failed"


def remove(found: list[Run], kind: str, is_sure: bool) -> int:
    """Remove the runs `found`, after a question unless `is_sure`. Return 0, or 1 if the answer is no.

    Raises:
        Mistake: there is nobody to ask, or a file cannot be removed.
    """
    for run in found:
        row, used = run.row(), sum(file.lstat().st_size for _, file in layout.own_files(run.path))
        print(f"{run.path}  {row['status']} at step {row['step']}, {size(used)}")
    if not (is_sure or agrees(f"Remove {len(found)} {kind}? [y/N] ")):
        print("Nothing was removed.")
        return 1
    for run in found:
        remove_one(run, must_have_failed=kind == "failed runs")
    return 0


def agrees(question: str) -> bool:
    """Return whether the answer is y or yes."""
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError as error:
        raise Mistake("There is nobody to ask: say --yes to remove them.") from error


def remove_one(run: Run, must_have_failed: bool) -> None:
    """Remove a run's files, holding its directory meanwhile; a run that was begun again since is left."""
    try:
        file = lock(run.path)
        if file is None:
            print(f"{run.path} trains again: left as it is.")
            return
        with file:
            if must_have_failed and not (has_failed(run) and not run.has_checkpoint()):
                return  # begun again and ended before it could be held
            remove_own(run)
        remove_empty(run.path)
    except OSError as error:
        raise Mistake(f"{run.path} cannot be removed: {error.strerror}.") from error
    if run.path.is_dir():
        print(f"{run.path} is kept: it holds {', '.join(kept(run.path))}, which no run has written.")


def remove_own(run: Run) -> None:
    """Remove the files that a run writes: its record last, so that after a kill the rest of them is found again."""
    files = sorted(file for _, file in layout.own_files(run.path) if file != run.record_file)
    for file in (*files, run.record_file):
        file.unlink(missing_ok=True)


def remove_empty(folder: Path) -> None:
    """Remove the run's folders in `folder`, and then the folder itself, as far as they are empty."""
    place = folder.resolve()
    for one in (*(place / name for name in layout.FOLDERS), place):
        if one.is_dir() and not one.is_symlink():
            for inner in sorted(below(one), reverse=True) if one != place else ():
                with contextlib.suppress(OSError):
                    inner.rmdir()
            with contextlib.suppress(OSError):  # it holds files that are not the run's
                one.rmdir()
    if folder.is_symlink() and not place.exists():
        folder.unlink()


def below(folder: Path) -> Iterator[Path]:
    """Yield the folders below `folder`."""
    return (one for one in folder.rglob("*") if one.is_dir() and not one.is_symlink())


def kept(folder: Path, most: int = 3) -> list[str]:
    """Return the names of what is left in a directory, the first of them and how many more."""
    names = sorted(one.name + "/" * one.is_dir() for one in folder.iterdir())
    return names[:most] + [f"{len(names) - most} more"] * (len(names) > most)
