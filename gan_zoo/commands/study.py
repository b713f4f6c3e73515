"""`gan-zoo study`: expand, see what is done, try the rest, run it, report."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gan_zoo.commands import study_check
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest, named
from gan_zoo.run.files import lock
from gan_zoo.studies import local, reading
from gan_zoo.studies.board import Board, Job
from gan_zoo.studies.expand import Cell, expand
from gan_zoo.studies.scheduler import MakeEngine, Scheduler
from gan_zoo.studies.screen import Screen
from gan_zoo.trust import Kind, called_with

ENGINES: dict[str, MakeEngine] = {"local": local.Local}
KIND = Kind("engine", "be a class or function of (jobs, study)", called_with("jobs", "study", base=object))
Command = Callable[[Path, Path], list[str]]
"""From a cell's configuration and its run's directory to the words that run it."""
ACTIONS = {
    "finished": "is finished",
    "run": "to be run",
    "resume": "to be resumed",
    "replace": "edited: to be run anew",
}


def study(name: str, engine: str = "local", dry_run: bool = False, runs: str = "runs", only: list[str] | None = None):
    """Do what is left of a study, print where its cells stand, and write its report.

    Returns:
        0, or 1 if a cell has failed.

    Raises:
        Mistake: of the user's, in the study's file or on the command line.
        KeyboardInterrupt: it was asked to stop; what ran has been saved.
    """
    make_engine: MakeEngine = named(engine, ENGINES, KIND)
    read = reading.read(reading.find(name))
    cells = expand(read)
    board = Board(read, cells, Path(runs))
    names = chosen(cells, only)
    if dry_run:
        plan = board.plan(names)
        wide = max(map(len, names))
        print("\n".join(f"{cell:<{wide}}  {ACTIONS[action]}" for cell, action in plan.items()))
        print(f"{len(plan)} cells of {read.budget[1]} {read.budget[0]} each, in {board.folder}")
        return 0
    from gan_zoo import report

    page = board.folder / "report.html"
    report.owning.refuse_other_page(page)  # now: a study is long
    with held_alone(board.folder):
        run(board, names, make_engine)
    print("\n".join(board.table(board.entries)))
    print(report.build([board.folder], out=page))
    print(f"The report: {page}")
    return int(any(entry["status"] == "failed" for entry in board.entries.values()))


def run(board: Board, names: list[str], make_engine: MakeEngine, command: Command | None = None) -> None:
    """Do what is left of the cells called `names`, without the report.

    Raises:
        Mistake: a configuration is wrong; nothing has started.
        KeyboardInterrupt: it was asked to stop; what ran has been saved.
    """
    plan = board.plan(names)
    left = [cell for cell in board.cells if plan.get(cell.name, "finished") != "finished"]
    if left and command is None:
        print(f"Trying the configurations of {len(left)} cells ...", flush=True)
        study_check.check(left)
    board.prepare(plan)
    if not left:
        return
    jobs = [job(board, cell, command or fit_command) for cell in left]
    try:
        with Screen(board, names) as screen:
            Scheduler(jobs, make_engine(jobs, board.study), board.study.retries, screen).run()
    except KeyboardInterrupt:
        print("\n".join(board.table(names)))
        print("Stopped, and what ran is saved: the same command goes on from there.")
        raise


def fit_command(config: Path, run: Path) -> list[str]:
    # -P: a file of the working directory that is called like a library is not to be imported in its place.
    return [sys.executable, "-P", "-m", "gan_zoo", "fit", "-c", str(config), "--run", str(run)]


def job(board: Board, cell: Cell, command: Command) -> Job:
    run = board.run(cell.name)
    accelerator = (cell.config.get("trainer") or {}).get("accelerator", "auto")
    return Job(cell.name, command(board.config_file(cell.name), run.path), run, board.log(cell.name), accelerator)


def chosen(cells: list[Cell], only: list[str] | None) -> list[str]:
    """The names in `only`, or all.

    Raises:
        Mistake: no cell is called so.
    """
    names = [cell.name for cell in cells]
    for name in only or []:
        if name not in names:
            raise Mistake(f"The study has no cell {name}{closest(name, names)}: see --dry-run.")
    return [name for name in names if not only or name in only]


def held_alone(folder: Path) -> BinaryIO:
    """What holds the study's folder for this process until it is closed.

    Raises:
        Mistake: another process runs the study, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = lock(folder)
    except OSError as error:
        raise Mistake(f"The study's directory {folder} cannot be written: {error.strerror}.") from error
    if file is None:
        raise Mistake(f"Another process runs the study in {folder}: wait for it, or choose other --runs.")
    return file
