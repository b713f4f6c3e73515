"""The report of runs and studies: one page that opens from the disk, its tables as CSV, Markdown and LaTeX, figures.

    collect.py      run directories -> plain data            scores.py       which scores may be compared
    grouping.py     runs that are alike but for their seeds  seeds.py        what a few seeds can tell
    ttest.py        two methods compared, pairs adjusted     dots.py         every seed as a dot
    rank.py         groups -> ranked tables                  papers.py       the authors' own numbers
    tables.py       ranked tables as sheets                  sheets.py       sheets as text, Markdown, LaTeX
    curves.py       scores and losses over training          pictures.py     samples over training
    details.py      runs, failures, settings, environment    page.py         the page: one JSON, one template
    figures.py      plots and tables for papers              committed.py    results.csv, and pages that show it
    owning.py       which files a report may overwrite        again.py         the command that scores a run again

Loads no torch.
"""

from collections.abc import Sequence
from pathlib import Path

from datamodules.names import visible
from gan_zoo.errors import Mistake
from gan_zoo.report import committed, grouping, owning, page, rank, sheets, tables
from gan_zoo.report.collect import Result, collect
from gan_zoo.report.rank import Table
from gan_zoo.run.files import write


def build(
    paths: list[Path],
    out: Path,
    score: str = "",
    by: Sequence[str] = (),
    figures: Path | None = None,
    paired: bool = False,
) -> str:
    """Write the page of all runs at or below `paths` to `out`, and the tables beside it.

    Args:
        paths: run directories, or folders of them such as a study's.
        out: the HTML file.
        score: the name of the score to begin with; "": the one that most runs have.
        by: settings to group runs by; none: study, method and settings.
        figures: a folder that gets every plot and table for use in a paper.
        paired: whether methods are compared seed by seed, rather than by the means of their own seeds.

    Returns:
        The ranked tables as plain text.

    Raises:
        Mistake: no run there, no such score or setting, or a file that cannot be written or is not this report's.
    """
    owning.refuse_other_page(out)
    results = collect(paths)
    groups = grouping.group(results, by)
    ranked = rank.tables(groups, score, paired)
    groups = rank.best_first(groups, ranked)
    described = page.describe(heading(results, paths), results, groups, ranked)
    files = tables_beside(out, results, ranked)
    if figures:
        from gan_zoo.report.figures import draw

        files |= {figures / name: encoded(content) for name, content in draw(groups, ranked, shown(ranked))}
    owned = owning.owned_after(out, files)
    save(out, page.render(described, owned))  # first: whatever a kill leaves of the other files, the page knows it
    for file, content in files.items():
        save(file, content)
    return "\n".join(map(sheets.text, shown(ranked))) or unscored(results)


def tables_beside(out: Path, results: list[Result], ranked: list[Table]) -> dict[Path, bytes]:
    """Return the tables that lie beside the page, by file."""
    markdown = "\n".join(map(sheets.markdown, shown(ranked))) or "No run has a score yet.\n"
    latex = "\n".join(["% \\usepackage{booktabs}", *map(sheets.latex, shown(ranked))])
    texts = {"results.csv": committed.table_csv(results), "results.md": markdown, "results.tex": latex}
    return {out.with_name(name): encoded(text) for name, text in texts.items()}


def shown(ranked: list[Table]) -> list[sheets.Sheet]:
    """Methods x data where there is more than one set, then each ranking."""
    return [*map(tables.matrix, tables.families(ranked)), *map(tables.ranking, ranked)]


def unscored(results: list[Result]) -> str:
    return "\n".join(visible(f"{run.name}: {run.status}, {run.error or 'no score'}") for run in results)


def fill(page_file: Path, folders: list[Path]) -> None:
    """Write the rankings of all results.csv in `folders` into a page of Markdown, between its marks.

    Args:
        page_file: the page.
        folders: of committed results, a file a study.

    Raises:
        Mistake: no results there, or no marks in the page.
    """
    results = [run for folder in folders for file in sorted(folder.glob("*.csv")) for run in committed.read(file)]
    if not results:
        raise Mistake(f"There is no result in {folders[0]}: put a results.csv of `gan-zoo report` there.")
    try:
        text = page_file.read_text()
    except OSError as error:
        raise Mistake(f"{page_file} cannot be read: {error.strerror}.") from error
    parts = []
    by_title: dict[str, list[Result]] = {}
    for run in results:
        by_title.setdefault(run.study or run.path.stem, []).append(run)  # runs of no study: as their file is called
    for title, runs in by_title.items():
        ranked = rank.tables(grouping.group(runs))
        parts += [f"## {sheets.md(title)}\n", *(sheets.markdown(sheet, 3) for sheet in shown(ranked))]
    save(page_file, committed.filled(text, page_file.name, "\n".join(parts)))


def save(file: Path, content: str | bytes) -> None:
    """Write one file, as a whole, with its folder.

    Raises:
        Mistake: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, encoded(content))
    except OSError as error:
        raise Mistake(f"The report cannot be written to {file}: {error.strerror}.") from error


def encoded(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode(errors="replace")


def heading(results: list[Result], paths: list[Path]) -> str:
    """The studies' names, or the folder's."""
    studies = sorted({run.study for run in results} - {""})
    return ", ".join(studies or [path.resolve().name for path in paths])


def place(paths: list[Path]) -> Path:
    """Where the page goes if nobody says: into the folder if there is one, else into the working directory."""
    return (paths[0] if len(paths) == 1 else Path()) / "report.html"
