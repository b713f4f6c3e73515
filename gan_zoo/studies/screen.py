"""Show a study while it runs: as a table in a terminal, otherwise as a line for each change."""

import time
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from gan_zoo.studies.board import Board

REFRESH = 1.0  # seconds between redrawings of the table


class Screen:
    """The display of the chosen cells of a study.

    Args:
        board: The board of the study.
        names: Names of the chosen cells.
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
        """Record a change of a cell on the board, and show it."""
        self.board.change(cell, **values)
        if self._live:
            self._shown = 0.0
        else:
            print(self._counted(), self.board.table([cell])[1], flush=True)

    def tick(self) -> None:
        """Redraw the table if `REFRESH` seconds have passed. The scheduler calls it in each round."""
        if self._live and time.monotonic() - self._shown > REFRESH:
            self._shown = time.monotonic()
            self._live.update(Text("\n".join(self._lines()), no_wrap=True, overflow="ellipsis"), refresh=True)

    def _counted(self) -> str:
        ended = [self.board.entries[name]["status"] in ("finished", "failed", "stopped") for name in self.names]
        return f"[{sum(ended)}/{len(ended)}]"

    def _lines(self) -> list[str]:
        """Return the lines of the running and failed cells, and a last line that counts the cells by status."""
        status = {name: self.board.entries[name]["status"] for name in self.names}
        counts = Counter(status.values())
        total = ", ".join(
            f"{counts[state]} {state}"
            for state in ("finished", "running", "waiting", "failed", "stopped")
            if counts[state]
        )
        active = [name for name in self.names if status[name] in ("running", "failed")]
        return [*self.board.table(active), total]
