"""`gan-zoo data check`: looks at every image at a path, and says what stops a training."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from datamodules.checking import KINDS, Finding, Looks, findings, lists_beside, look, sizes, splits
from datamodules.collection import Collection, collect
from datamodules.errors import DataError
from gan_zoo.commands.parser import Parser
from gan_zoo.commands.progress_bar import progress
from gan_zoo.errors import Mistake

SHOWN = 3
"""Findings of a kind that are named unless all are asked for."""


def run(arguments: list[str]) -> int:
    """Print a table of what is wrong with the images that `arguments` name.

    Returns:
        1 if something would stop a training, else 0.

    Raises:
        Mistake: There is no image, or a zip or database is damaged as a whole.
    """
    parser = Parser("data check", "Look at every image for what stops a training.")
    parser.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="folders, zips or LMDBs of images")
    parser.add_argument(
        "--labels", nargs="+", default=[], type=Path, help="CSV files that name images (CelebA's are found)"
    )
    parser.add_argument("--all", action="store_true", help="name every finding, not three of a kind")
    options = parser.parse(arguments)
    try:
        collection = collect(options.paths)
        with progress("Looking", len(collection)) as tell:
            looks = look(collection, tell)
        beside = (file for path in options.paths for file in lists_beside(path))
        lists = list(dict.fromkeys([*options.labels, *beside]))
        problems = findings(collection, looks, lists)
    except DataError as error:
        raise Mistake(str(error)) from error
    print("\n".join([*summary(collection, looks, lists), "", *table(problems, options.all)]))
    return int(any(problem.stops for problem in problems))


def summary(collection: Collection, looks: Looks, lists: Sequence[Path]) -> list[str]:
    """What there is."""
    named = [f"{name or 'no split named'} {count:,}" for name, count in splits(collection).items()]
    kinds = sizes(looks)
    most = [f"{width} x {height} ({count:,})" for (width, height), count in kinds[:SHOWN]]
    rest = [f"and {len(kinds) - SHOWN} other sizes"] if len(kinds) > SHOWN else []
    others = collection.others
    lines = [f"{len(collection):,} images: {', '.join(named)}", f"pixels: {', '.join([*most, *rest]) or 'none whole'}"]
    if others:
        lines.append(f"not images by their names, and not looked at: {len(others):,}, such as {others[0]}")
    return [*lines, *(f"labels: {file}" for file in lists)]


def table(found: Sequence[Finding], every: bool) -> list[str]:
    """A row for each kind of finding, and the files under it."""
    if not found:
        return ["Nothing is wrong: every file is whole, and no two have the same bytes."]
    lines = [f"{'found':<26}{'how many':>8}  stops training"]
    for kind, group in groupby(found, key=lambda one: one.kind):
        members = list(group)
        named = members if every else members[:SHOWN]
        lines += [f"{kind:<26}{len(members):>8,}  {KINDS[kind]}", *(f"    {one.what}" for one in named)]
        if len(members) > len(named):
            lines.append(f"    and {len(members) - len(named):,} more: --all names them")
    stopping = sum(one.stops for one in found)
    return [*lines, "", f"{stopping:,} of these stop a training." if stopping else "None of these stops a training."]
