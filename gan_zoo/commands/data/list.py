"""`gan-zoo data list`: the sets that are known, which of them are here, and how the others are had. Loads no torch."""

from pathlib import Path

from datamodules.catalogue import CATALOGUE, Entry
from gan_zoo.commands.parser import Parser
from gan_zoo.errors import Mistake
from gan_zoo.lookup import closest


def run(arguments: list[str]) -> int:
    """Print one line for each data set, or all that is known of the one that `arguments` name. Returns 0.

    Raises:
        Mistake: There is no set of that name.
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
    """A line for each set, and what to do next."""
    lines = [f"{'':<6}{'set':<24}{'read by':<14}{'download':<36}images"]
    for entry in CATALOGUE.values():
        here = "here" if entry.is_here(folder) else ""
        lines.append(f"{here:<6}{entry.name:<24}{reader(entry):<14}{entry.size or '-':<36}{entry.images}")
    return [
        *lines,
        "",
        f"`here` is what lies in {folder}/. `gan-zoo data list NAME` says where a set comes from, its licence, and",
        "what lies where. Your own images: --data ImageFolder, Paired or Unpaired.",
    ]


def described(entry: Entry, folder: Path) -> list[str]:
    """All that is known of one set."""
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
    """The name of an entry's class, as a user types it."""
    return entry.reader.rpartition(".")[2]
