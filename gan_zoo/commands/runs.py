"""`gan-zoo status` and `gan-zoo runs rm`: list the runs in a folder, and remove runs.

Only the files that a run writes are removed. A failed run with a checkpoint can be resumed (its disk may have been
full), so it is removed only if the user names it.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from datamodules.names import real, visible
from gan_zoo.errors import Mistake
from gan_zoo.run import layout
from gan_zoo.run.directory import Run, runs
from gan_zoo.run.files import disk, lock, size


def print_table(root: str) -> None:
    """Print a line for each run below `root`.

    Raises:
        Mistake: There is no such folder, or no run in it.
    """
    rows = runs(root)
    if not rows:
        raise Mistake(f"There is no run in {root}: `gan-zoo fit` makes one.")
    print(f"{'run':<40} {'status':<12} {'step':>8} {'images/s':>9} {'score':>24} {'disk':>9} heartbeat")
    for row in rows:
        score = f"{visible(row['metric'])} {row['value']:.4g}" if row["value"] is not None else "-"
        speed = rate(row["images_per_second"]) if row.get("images_per_second") else "-"
        heartbeat = visible(row.get("heartbeat", "-"))
        step = "-" if "images_fingerprint" in row else row["step"]
        used = size(disk(Path(row["run"])))
        name, status = visible(row["run"]), visible(row["status"])
        print(f"{name:<40} {status:<12} {step:>8} {speed:>9} {score:>24} {used:>9} {heartbeat}")
    for row in rows:
        if row["status"] == "damaged":
            print(visible(row["error"]))


def rate(per_second: float) -> str:
    """Return a number of images per second: whole from 10 on, else with two digits that count."""
    return f"{per_second:.0f}" if per_second >= 9.95 else f"{per_second:.2g}"


def failed_runs(root: Path) -> list[Run]:
    """Return the failed runs below `root` that cannot be resumed, and print those that can.

    Raises:
        Mistake: There is no such folder, or no such run in it.
    """
    rows = [row for row in runs(root) if has_failed(Run(row["run"]))]
    for row in rows:
        if Run(row["run"]).has_checkpoint():
            print(
                f"{visible(row['run'])} is left: it failed at step {row['step']} and can be resumed. To remove it, "
                f"type gan-zoo runs rm {visible(row['run'])}"
            )
    lost = [Run(row["run"]) for row in rows if not Run(row["run"]).has_checkpoint()]
    if not lost:
        raise Mistake(f"There is no failed run in {root}{' that cannot be resumed' * bool(rows)}: nothing to remove.")
    return lost


def named_runs(paths: list[str]) -> list[Run]:
    """Return the runs in the directories `paths`.

    Raises:
        Mistake: A directory holds no run.
    """
    named = [Run(path) for path in dict.fromkeys(paths)]
    for run in named:
        if not run.exists():
            raise Mistake(f"{run.path} is not the directory of a run: name runs, or --failed and a folder of them.")
    return named


def has_failed(run: Run) -> bool:
    """Return whether the record of a run says that it failed."""
    return run.exists() and run.record().get("status") == "failed"


def remove(doomed: list[Run], kind: str, is_sure: bool) -> int:
    """Remove runs, after a question unless `is_sure`. Return 0, or 1 if the answer is no.

    Args:
        doomed: The runs to remove.
        kind: "failed runs" or "runs", as the question names them.
        is_sure: Whether to skip the question.

    Raises:
        Mistake: Nobody can answer the question, or a file cannot be removed.
    """
    for run in doomed:
        row, used = run.row(), sum(file.lstat().st_size for _, file in layout.own_files(run.path))
        print(f"{visible(run.path)}  {visible(row['status'])} at step {row['step']}, {size(used)}")
    if not (is_sure or agrees(f"Remove {len(doomed)} {kind}? [y/N] ")):
        print("Nothing was removed.")
        return 1
    for run in doomed:
        remove_run(run, must_have_failed=kind == "failed runs")
    return 0


def agrees(question: str) -> bool:
    """Return whether the user answers `question` with y or yes."""
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError as error:
        raise Mistake("There is nobody to ask: add --yes to remove them.") from error


def remove_run(run: Run, must_have_failed: bool) -> None:
    """Remove the files of a run and lock its directory meanwhile. A run that has started again is left as it is."""
    try:
        file = lock(run.path)
        if file is None:
            print(f"{visible(run.path)} trains again: left as it is.")
            return
        with file:
            if must_have_failed and not (has_failed(run) and not run.has_checkpoint()):
                return  # it started and ended again before its directory was locked
            remove_own(run)
        remove_empty(run.path)
    except OSError as error:
        raise Mistake(f"{run.path} cannot be removed: {error.strerror}.") from error
    if run.path.is_dir():
        print(f"{visible(run.path)} is kept: it holds {visible(', '.join(kept(run.path)))}, which no run has written.")


def remove_own(run: Run) -> None:
    """Remove the files that a run writes.

    The record goes last: if the process is killed before, the rest is still recognised as a run.
    """
    files = sorted(file for _, file in layout.own_files(run.path) if file != run.record_file)
    for file in (*files, run.record_file):
        file.unlink(missing_ok=True)


def remove_empty(folder: Path) -> None:
    """Remove the empty folders that a run makes in `folder`, and then the folder itself if it is empty."""
    place = real(folder)
    for directory in (*(place / name for name in layout.FOLDERS), place):
        if directory.is_dir() and not directory.is_symlink():
            for inner in sorted(below(directory), reverse=True) if directory != place else ():
                with contextlib.suppress(OSError):
                    inner.rmdir()
            with contextlib.suppress(OSError):  # it holds files that are not the run's
                directory.rmdir()
    if folder.is_symlink() and not place.exists():
        folder.unlink()


def below(folder: Path) -> Iterator[Path]:
    """Yield the folders below `folder`."""
    return (path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())


def kept(folder: Path, most: int = 3) -> list[str]:
    """Return the names of the first `most` files that are left in a directory, and the number of the others."""
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    return names[:most] + [f"{len(names) - most} more"] * (len(names) > most)
