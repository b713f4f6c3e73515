"""`gan-zoo data check`: looks at every image at a path, and lists the problems, such as those that stop training."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from datamodules.checking import KINDS, Finding, Looks, findings, lists_beside, look, sizes, splits
from datamodules.collection import Collection, collect
from datamodules.names import visible
from gan_zoo.commands.parser import Parser
from gan_zoo.commands.progress_bar import progress

SHOWN = 3
"""Number of problems of a kind that are named without `--all`."""


def run(arguments: list[str]) -> int:
    """Print a table of the problems of the images that `arguments` name.

    Returns:
        1 if a problem would stop training, else 0.

    Raises:
        DataError: There is no image, or a zip or database is damaged as a whole.
    """
    parser = Parser("data check", "Look for problems in every image, such as those that stop training.")
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="folders, zips or LMDBs of images")
    parser.add_argument(
        "--labels", nargs="+", default=[], type=Path, help="CSV files that name images (CelebA's lists are found)"
    )
    parser.add_argument("--all", action="store_true", help="name every problem, not three of a kind")
    options = parser.parse(arguments)
    collection = collect(options.paths)
    with progress("Looking", len(collection)) as tell:
        looks = look(collection, tell)
    beside = (file for path in options.paths for file in lists_beside(path))
    lists = list(dict.fromkeys([*options.labels, *beside]))
    problems = findings(collection, looks, lists)
    lines = [*summary(collection, looks, lists), "", *table(problems, options.all)]
    print("\n".join(map(visible, lines)))
    return int(any(problem.stops for problem in problems))


def summary(collection: Collection, looks: Looks, lists: Sequence[Path]) -> list[str]:
    """Return lines that state the number of images in each split, their sizes, other files, and lists of labels."""
    kinds = sizes(looks)
    most = [f"{width} x {height} ({count:,})" for (width, height), count in kinds[:SHOWN]]
    rest = [f"and {len(kinds) - SHOWN} other sizes"] if len(kinds) > SHOWN else []
    others = collection.others
    lines = [counts(collection), f"pixels: {', '.join([*most, *rest]) or 'none whole'}"]
    if others:
        lines.append(f"not images by their names, and not looked at: {len(others):,}, such as {others[0]}")
    return [*lines, *(f"labels: {file}" for file in lists)]


def counts(collection: Collection) -> str:
    """Return a line that states the number of images, in all and in each split."""
    by_split, places = splits(collection), len(collection.places)
    total, without = f"{len(collection):,} images", by_split.pop("", 0)
    if not by_split:
        return f"{total} in {'one folder' if places == 1 else f'{places} folders'} without splits"
    named = [f"{name} {count:,}" for name, count in by_split.items()]
    return f"{total}: {', '.join([*named, *([f'in no split {without:,}'] if without else [])])}"


def table(problems: Sequence[Finding], every: bool) -> list[str]:
    """Return a line for each kind of problem, followed by its files: all of them if `every`, else the first few."""
    if not problems:
        return ["Nothing is wrong: every file is whole, and no two have the same bytes."]
    lines = [f"{'found':<26}{'how many':>8}  stops training"]
    for kind, group in groupby(problems, key=lambda problem: problem.kind):
        members = list(group)
        shown = members if every else members[:SHOWN]
        lines += [f"{kind:<26}{len(members):>8,}  {KINDS[kind]}", *(f"    {problem.what}" for problem in shown)]
        if len(members) > len(shown):
            lines.append(f"    and {len(members) - len(shown):,} more: --all names them")
    stopping = sum(problem.stops for problem in problems)
    return [*lines, "", f"{stopping:,} of these stop training." if stopping else "None of these stops training."]
