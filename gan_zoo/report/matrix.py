"""Methods x data sets: a sheet for each score that was measured by the same protocol on several data sets."""

from collections.abc import Sequence

from gan_zoo.metrics import names
from gan_zoo.report.rank import Row, Table
from gan_zoo.report.scores import kind
from gan_zoo.report.sheets import Sheet
from gan_zoo.report.tables import NONE, best_rows, decimals, number, ranks, slug

OF_DATA = ("data", "data_fingerprint", "real")
"""The parts of a protocol that name the real images."""


def families(tables: Sequence[Table]) -> list[list[Table]]:
    """Return the tables of each score that was measured by the same protocol on several data sets."""
    alike: dict[str, list[Table]] = {}
    for table in tables:
        conditions = {name: value for name, value in table.protocol.items() if name not in OF_DATA}
        alike.setdefault(kind(table.metric, conditions), []).append(table)
    return [family for family in alike.values() if len({table.protocol.get("data") for table in family}) > 1]


def matrix(family: list[Table]) -> Sheet:
    """Return the table of mean, spread and rank of each method on each data set; ranks are within the column."""
    short_names = {row.group.short for table in family for row in table.rows}
    unique = all(len({row.group.short for row in table.rows}) == len(table.rows) for table in family)
    labels = sorted(short_names if unique else {row.group.label for table in family for row in table.rows})
    rows = []
    for label in labels:
        matches = [
            [row for row in table.rows if label == (row.group.short if unique else row.group.label)] for table in family
        ]
        cells = (cell(row[0], table) if row else NONE for row, table in zip(matches, family, strict=True))
        rows.append([label, *cells])
    head = ["method", *(str(table.protocol.get("data", "?")) for table in family)]
    explanation = (
        "Mean ± spread over seeds, in brackets the rank within the column: scores against unlike data are not compared."
    )
    title = f"{family[0].metric} by data"
    sentence = f"{names.direction(family[0].metric).capitalize()} is better. {explanation}"
    return Sheet(
        name=f"{slug(family[0])}-by-data",
        title=title,
        head=head,
        numbers=[False] + [True] * len(family),
        rows=rows,
        above=[sentence],
        caption=f"{names.title(family[0].metric)} by data, the best mean of each column in bold.",
        notes=[sentence],
        bold=best_cells(labels, family, unique),
    )


def best_cells(labels: list[str], family: list[Table], unique: bool) -> set[tuple[int, int]]:
    """Return the cells with the best mean of their column, by row and column."""
    groups = [(column, table.rows[place].group) for column, table in enumerate(family, 1) for place in best_rows(table)]
    return {(labels.index(group.short if unique else group.label), column) for column, group in groups}


def cell(row: Row, table: Table) -> str:
    """Return mean, spread and rank of one method on one data set: `21.7 ± 0.3 (2)`."""
    digits = decimals([other.mean for other in table.rows])
    spread = f" ± {number(row.spread, digits)}" if row.spread is not None else ""
    return f"{number(row.mean, digits)}{spread} ({ranks(row)})"
