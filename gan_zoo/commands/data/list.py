"""`gan-zoo data list`: the known data sets, which of them are here, and how to get the others. It loads no torch."""

from pathlib import Path

from datamodules.catalogue import CATALOGUE, Entry
from gan_zoo.commands.parser import Parser
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest


def run(arguments: list[str]) -> int:
    """Print one line for each data set, or a description of the one that `arguments` name. Return 0.

    Raises:
        Mistake: There is no data set of that name.
    """
    parser = Parser("data list", "List the known data sets.")
    parser.add_argument("name", nargs="?", default="", help="name of a data set to describe (default: a line for each)")
    parser.add_argument("--folder", default="data", help="folder that is searched for data sets (default data)")
    options = parser.parse(arguments)
    name, folder = options.name, Path(options.folder)
    if name and name not in CATALOGUE:
        raise Mistake(f"No data set is called {name}{closest(name, CATALOGUE)}: `gan-zoo data list` names all.")
    print("\n".join(described(CATALOGUE[name], folder) if name else table(folder)))
    return 0


def table(folder: Path) -> list[str]:
    """Return a line for each data set, and then what the user can do next."""
    lines = [f"{'':<6}{'set':<24}{'read by':<14}{'download':<36}images"]
    for entry in CATALOGUE.values():
        here = "here" if entry.is_here(folder) else ""
        lines.append(f"{here:<6}{entry.name:<24}{reader(entry):<14}{entry.size or '-':<36}{entry.images}")
    return [
        *lines,
        "",
        f"`here` marks the sets that lie in {folder}/. `gan-zoo data list NAME` describes a set: its source, its",
        "licence and the files that are expected. For your own images: --data ImageFolder, Paired or Unpaired.",
    ]


def described(entry: Entry, folder: Path) -> list[str]:
    """Return the lines that describe one data set."""
    rows = {
        "images": entry.images,
        "download": entry.size or "size not stated",
        "licence": entry.licence,
        "from": entry.address,
        "layout": f"in {folder}/: {entry.layout}",
        "here": "yes" if entry.is_here(folder) else "no",
        "options": " ".join(entry.options(folder)),
    }
    return [entry.name, *(f"  {key:<10}{value}" for key, value in rows.items())]


def reader(entry: Entry) -> str:
    """Return the name of the class that reads a data set, as the user types it."""
    return entry.reader.rpartition(".")[2]
