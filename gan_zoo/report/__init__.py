"""The report of runs and studies: one page that opens from the disk, and its tables as CSV, Markdown and LaTeX.

    collect.py      run directories -> plain data
    grouping.py     runs that are alike but for their seeds
    rank.py         groups -> ranked tables
    tables.py       the tables as text, results.csv, results.md, results.tex
    curves.py       scores and losses over training
    page.py         all that the page shows, and page.html.j2 with its style and script, which shows it

Loads no torch.
"""

from pathlib import Path

from gan_zoo.errors import Mistake
from gan_zoo.report import grouping, page, rank, tables
from gan_zoo.report.collect import Result, collect
from gan_zoo.run import write


def build(paths: list[Path], out: Path) -> str:
    """Write the page of all runs at or below `paths` to `out`, and the tables beside it.

    Args:
        paths: run directories, or folders of them such as a study's.
        out: the HTML file.

    Returns:
        The ranked tables as plain text.

    Raises:
        Mistake: no run there, or `out` cannot be written.
    """
    results = collect(paths)
    groups = grouping.group(results)
    ranked = rank.tables(groups)
    files = {
        out: page.render(page.describe(heading(results, paths), results, groups, ranked)),
        out.with_name("results.csv"): tables.table_csv(results),
        out.with_name("results.md"): tables.markdown(ranked),
        out.with_name("results.tex"): tables.latex(ranked),
    }
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            write(file, content.encode(errors="replace"))
    except OSError as error:
        raise Mistake(f"The report cannot be written to {out}: {error.strerror}.") from error
    return tables.text(ranked, results)


def heading(results: list[Result], paths: list[Path]) -> str:
    """The studies' names, or the folder's."""
    studies = sorted({run.study for run in results} - {""})
    return ", ".join(studies or [path.resolve().name for path in paths])


def place(paths: list[Path]) -> Path:
    """Where the page goes if nobody says: into the folder if there is one, else into the working directory."""
    return (paths[0] if len(paths) == 1 else Path()) / "report.html"
