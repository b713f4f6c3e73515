"""The report of runs and studies: one HTML page, its tables as CSV, Markdown and LaTeX, and figures for papers.

    collect.py      run directories -> plain data            scores.py       which scores may be compared
    grouping.py     runs that differ in the seed only        seeds.py        what a few seeds can tell
    ttest.py        two methods compared, pairs adjusted     certainty.py    how sure a table's ranks are
    dots.py         every seed as a dot                      papers.py       the numbers that papers report
    trials.py       the best of several trials of a search
    rank.py         groups -> ranked tables
    tables.py       ranked tables as sheets                  sheets.py       sheets as text, Markdown, CSV
    pairs.py        every two methods of a table             matrix.py       methods x data sets
    latex.py        sheets as LaTeX for a paper              for_paper.py    what a paper's tables show
    curves.py       scores and losses over training          pictures.py     samples over training
    details.py      runs, failures, settings, environment    page.py         the page: one JSON, one template
    figures.py      plots and tables for papers              committed.py    results.csv, and pages that show it
    owning.py       which files a report may overwrite        again.py         best steps that were scored again
    baselines.py    rows that no method made

The report loads no torch.
"""

from collections.abc import Sequence
from pathlib import Path

from datamodules.names import real, visible
from gan_zoo.errors import Mistake
from gan_zoo.report import committed, for_paper, grouping, latex, matrix, owning, page, rank, sheets, tables, trials
from gan_zoo.report.collect import Result, collect
from gan_zoo.report.rank import Table
from gan_zoo.run.files import write
from gan_zoo.run.reading import read_text


def build(
    paths: list[Path],
    out: Path,
    score: str = "",
    by: Sequence[str] = (),
    figures: Path | None = None,
    paired: bool = False,
    columns: Sequence[str] = (),
) -> str:
    """Write the page of all runs at or below `paths` to `out`, and the tables into the same folder.

    Args:
        paths: Run directories, or folders that contain them, such as the folder of a study.
        out: The HTML file to write.
        score: Name of the score whose tables come first; "" takes the score that most runs have.
        by: Settings to group runs by; without any, runs are grouped by study, method and settings.
        figures: Folder to which every plot and table is written for use in a paper.
        paired: Whether methods are compared seed by seed, rather than by the means of their own seeds.
        columns: Columns of the tables in LaTeX, by the names in `for_paper.words`; without any, those for a paper.

    Returns:
        The ranked tables as plain text.

    Raises:
        Mistake: There is no run, no such score, setting or column, or a file cannot be written or is not this report's.
    """
    owning.refuse_other_page(out)
    results = collect(paths)
    groups = grouping.group(results, by)
    ranked = rank.tables(groups, score, paired)
    groups = rank.best_first(groups, ranked)
    described = page.describe(heading(results, paths), results, groups, ranked)
    papers = for_paper.sheets(ranked, columns)
    files = tables_beside(out, results, ranked, papers)
    if figures:
        from gan_zoo.report.figures import draw

        files |= {figures / name: encoded(content) for name, content in draw(groups, ranked, shown(ranked), papers)}
    owned = owning.owned_after(out, files)
    save(out, page.render(described, owned))  # first, so that the page knows every other file, even after a kill
    for file, content in files.items():
        save(file, content)
    return "\n".join(map(sheets.text, shown(ranked))) or unscored(results)


def tables_beside(
    out: Path, results: list[Result], ranked: list[Table], papers: list[sheets.Sheet]
) -> dict[Path, bytes]:
    """Return the contents of the tables that are written beside the page, by file; `papers` are those for LaTeX."""
    markdown = "\n".join(map(sheets.markdown, shown(ranked))) or "No run has a score yet.\n"
    tex = "\n".join([latex.NEEDS, *map(latex.table, papers)])
    texts = {"results.csv": committed.table_csv(results), "results.md": markdown, "results.tex": tex}
    return {out.with_name(name): encoded(text) for name, text in texts.items()}


def shown(ranked: list[Table]) -> list[sheets.Sheet]:
    """Return the sheets to show: methods x data where there are several data sets, then each ranking.

    Where a study searched, the best of several trials stand in place of the ranking of every trial.
    """
    searches = [trials.sheet(table) for table in ranked]
    rankings = [found if found.rows else tables.ranking(table) for found, table in zip(searches, ranked, strict=True)]
    compared = [table for found, table in zip(searches, ranked, strict=True) if not found.rows]
    return [*map(matrix.matrix, matrix.families(compared)), *rankings]


def unscored(results: list[Result]) -> str:
    """Return a line for each run that says why it has no score."""
    return "\n".join(visible(f"{run.name}: {run.status}, {run.error or 'no score'}") for run in results)


def fill(page_file: Path, folders: list[Path]) -> None:
    """Write the rankings of all results in `folders` into a Markdown page, between its two marks.

    Args:
        page_file: The Markdown page.
        folders: Folders of committed results, with a CSV file for each study.

    Raises:
        Mistake: There are no results, or the page has no marks.
    """
    results = [run for folder in folders for file in sorted(folder.glob("*.csv")) for run in committed.read(file)]
    if not results:
        raise Mistake(f"There is no result in {folders[0]}: put a results.csv of `gan-zoo report` there.")
    try:
        text = read_text(page_file, follow=True)
    except OSError as error:
        raise Mistake(f"{page_file} cannot be read: {error.strerror}.") from error
    parts = []
    by_title: dict[str, list[Result]] = {}
    for run in results:
        by_title.setdefault(run.study or run.path.stem, []).append(
            run
        )  # runs without a study take the name of their file
    for title, runs in by_title.items():
        ranked = rank.tables(grouping.group(runs))
        parts += [f"## {sheets.md(title)}\n", *(sheets.markdown(sheet, 3) for sheet in shown(ranked))]
    save(page_file, committed.filled(text, page_file.name, "\n".join(parts)))


def save(file: Path, content: str | bytes) -> None:
    """Write one file atomically, and create its folder if needed.

    Raises:
        Mistake: The file cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, encoded(content))
    except OSError as error:
        raise Mistake(f"The report cannot be written to {file}: {error.strerror}.") from error


def encoded(content: str | bytes) -> bytes:
    """Return `content` as bytes; text becomes UTF-8."""
    return content if isinstance(content, bytes) else content.encode(errors="replace")


def heading(results: list[Result], paths: list[Path]) -> str:
    """Return the heading of the page: the names of the studies, or else of the folders."""
    studies = sorted({run.study for run in results} - {""})
    return ", ".join(studies or [real(path).name for path in paths])


def place(paths: list[Path]) -> Path:
    """Return the default file of the page: in the folder if `paths` is a single one, else in the working directory."""
    return (paths[0] if len(paths) == 1 else Path()) / "report.html"
