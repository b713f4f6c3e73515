"""A study while it runs: a table in a terminal, a line for each change elsewhere."""

import time
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from gan_zoo.studies.board import Board

REFRESH = 1.0  # seconds between redrawings of the table


class Screen:
    """Shows the chosen cells of a board.

    Args:
        board: of the study.
        names: of the chosen cells.
    """

    def __init__(self, board: Board, names: list[str]) -> None:
        self.board, self.names = board, names
        self._shown = 0.0
        console = Console()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> "Screen":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.update(Text(""), refresh=True)  # the whole table is printed after it
            self._live.stop()

    def change(self, cell: str, **values: object) -> None:
        """Note on the board what happened to a cell, and show it."""
        self.board.change(cell, **values)
        if self._live:
            self._shown = 0.0
        else:
            print(self._counted(), self.board.table([cell])[1], flush=True)

    def tick(self) -> None:
        """To be called often: redraws the table when it is time."""
        if self._live and time.monotonic() - self._shown > REFRESH:
            self._shown = time.monotonic()
            self._live.update(Text("\n".join(self._lines()), no_wrap=True, overflow="ellipsis"), refresh=True)

    def _counted(self) -> str:
        ended = [self.board.entries[name]["status"] in ("finished", "failed") for name in self.names]
        return f"[{sum(ended)}/{len(ended)}]"

    def _lines(self) -> list[str]:
        """How many cells stand where, and of those that fit into the screen the running and the failed ones."""
        status = {name: self.board.entries[name]["status"] for name in self.names}
        counts = Counter(status.values())
        total = ", ".join(f"{counts[one]} {one}" for one in ("finished", "running", "waiting", "failed") if counts[one])
        lively = [name for name in self.names if status[name] in ("running", "failed")]
        return [*self.board.table(lively), total]
