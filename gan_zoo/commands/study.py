"""`gan-zoo study`: trains the runs of a grid that are not finished, then writes a report on all of them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from datamodules.names import visible
from gan_zoo.commands import study_check
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest, named
from gan_zoo.metrics.names import direction
from gan_zoo.run.files import lock
from gan_zoo.studies import local, reading
from gan_zoo.studies.board import DONE, Board, Job
from gan_zoo.studies.expand import Cell, expand
from gan_zoo.studies.median import MedianRule
from gan_zoo.studies.scheduler import MakeEngine, Scheduler
from gan_zoo.studies.screen import Screen
from gan_zoo.trust import Kind, called_with

ENGINES: dict[str, MakeEngine] = {"local": local.Local}
KIND = Kind("engine", "be a class or function of (jobs, study)", called_with("jobs", "study", base=object))
Command = Callable[[Path, Path], list[str]]
"""Returns the command that runs a cell, from the file of its configuration and the directory of its run."""
ACTIONS = {
    "finished": "is finished",
    "stopped": "was stopped early",
    "run": "to be run",
    "resume": "to be resumed",
    "replace": "edited: to be run anew",
}
"""What `--dry-run` prints for each action of a plan."""


def study(name: str, engine: str = "local", dry_run: bool = False, runs: str = "runs", only: list[str] | None = None):
    """Run the cells of a study that are not finished, print a table of all cells, and write the study's report.

    Args:
        name: Name of a study in experiments/studies, or a YAML file.
        engine: What runs the cells: "local", or package.module:callable.
        dry_run: Whether to only print what would be done.
        runs: Folder in which the study's folder lies.
        only: Names of the cells to run; None or empty: all.

    Returns:
        0, or 1 if a cell has failed.

    Raises:
        Mistake: The study's file or an option is wrong.
        KeyboardInterrupt: The user stopped the study; the runs have been saved.
    """
    make_engine: MakeEngine = named(engine, ENGINES, KIND)
    definition = reading.read(reading.find(name))
    cells = expand(definition)
    board = Board(definition, cells, Path(runs))
    names = chosen(cells, only)
    if dry_run:
        plan = board.plan(names)
        width = max(map(len, names))
        print("\n".join(f"{visible(cell):<{width}}  {ACTIONS[action]}" for cell, action in plan.items()))
        print(f"{len(plan)} cells of {definition.budget[1]} {definition.budget[0]} each, in {board.folder}")
        return 0
    from gan_zoo import report
    from gan_zoo.commands import study_baselines

    page = board.folder / "report.html"
    report.owning.refuse_other_page(page)  # before the runs, which take long
    with held_alone(board.folder):
        run(board, names, make_engine)
        if any(entry["status"] == "finished" for entry in board.entries.values()):
            study_baselines.score(board.folder)
    print("\n".join(map(visible, board.table(board.entries))))
    print(report.build([board.folder], out=page))
    print(f"The report: {page}")
    return int(any(entry["status"] == "failed" for entry in board.entries.values()))


def run(board: Board, names: list[str], make_engine: MakeEngine, command: Command | None = None) -> None:
    """Run the cells `names` that are not finished, without the report.

    Args:
        board: The study and the state of its cells.
        names: Names of the cells.
        make_engine: Makes what runs the cells.
        command: Returns the command that runs a cell; None: `gan-zoo fit`, whose configurations are checked first.

    Raises:
        Mistake: A configuration is wrong; nothing has started.
        KeyboardInterrupt: The user stopped the study; the runs have been saved.
    """
    plan = board.plan(names)
    left = [cell for cell in board.cells if plan.get(cell.name, "finished") not in DONE]
    if left and command is None:
        print(f"Checking the configurations of {len(left)} cells ...", flush=True)
        study_check.check(left)
    board.prepare(plan)
    if not left:
        return
    jobs = [job(board, cell, command or fit_command) for cell in left]
    try:
        with Screen(board, names) as screen:
            rule = MedianRule(board, direction)
            Scheduler(jobs, make_engine(jobs, board.study), board.study.retries, screen, rule.hopeless).run()
    except KeyboardInterrupt:
        print("\n".join(map(visible, board.table(names))))
        print("Stopped and saved: the same command goes on from there.")
        raise


def fit_command(config: Path, run: Path) -> list[str]:
    """Return the command that trains a run from the file `config` into the directory `run`."""
    # -P: otherwise a file of the working directory would be imported in place of a library of the same name.
    return [sys.executable, "-P", "-m", "gan_zoo", "fit", "-c", str(config), "--run", str(run)]


def job(board: Board, cell: Cell, command: Command) -> Job:
    """Return what an engine needs to run a cell."""
    run = board.run(cell.name)
    accelerator = (cell.config.get("trainer") or {}).get("accelerator", "auto")
    return Job(cell.name, command(board.config_file(cell.name), run.path), run, board.log(cell.name), accelerator)


def chosen(cells: list[Cell], only: list[str] | None) -> list[str]:
    """Return the names of the cells in `only`, in the study's order; all names if `only` is empty.

    Raises:
        Mistake: There is no cell of that name.
    """
    names = [cell.name for cell in cells]
    for name in only or []:
        if name not in names:
            raise Mistake(f"The study has no cell {name}{closest(name, names)}: see --dry-run.")
    return [name for name in names if not only or name in only]


def held_alone(folder: Path) -> BinaryIO:
    """Lock the folder of a study for this process, and return the file that holds the lock until it is closed.

    Raises:
        Mistake: Another process runs the study, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = lock(folder)
    except OSError as error:
        raise Mistake(f"The study's directory {folder} cannot be written: {error.strerror}.") from error
    if file is None:
        raise Mistake(f"Another process runs the study in {folder}: wait for it, or choose other --runs.")
    return file
