"""The dashboard in a cell of a notebook: `gan_zoo.dashboard("runs")`.

The server is a process of its own, since a kernel that trains answers nobody. It ends when its standard input does,
which the kernel holds: also if the kernel is killed.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from html import escape
from pathlib import Path

from gan_zoo.errors import Mistake

ADDRESS = re.compile(rb"http://\S+")


class Shown:
    """A dashboard that runs in the background, as a frame in the notebook.

    Args:
        root: The folder of all runs.
        height: Height of the frame, in pixels.

    Raises:
        Mistake: The server cannot start.
    """

    def __init__(self, root: Path, height: int) -> None:
        self.height = height
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "gan_zoo.dashboard.notebook", str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # or an interrupt of the kernel's cell would end it
        )
        assert self.process.stdout
        found = ADDRESS.search(self.process.stdout.readline())
        if not found:
            raise Mistake(f"The dashboard does not start: gan-zoo dashboard {root} says why.")
        self.address = found[0].decode()

    @property
    def is_running(self) -> bool:
        """Return whether the server runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End the server."""
        self.process.communicate()  # closes its input

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        place = escape(self.address)
        style = f"width: 100%; height: {int(self.height)}px; border: 0"
        return f'<iframe src="{place}" style="{style}" title="Dashboard"></iframe><p><a href="{place}">{place}</a></p>'


_shown: dict[Path, Shown] = {}
"""The dashboards of this kernel, by folder."""


def show(root: str | Path = "runs", height: int = 800) -> Shown:
    """Start the dashboard of the runs in `root`, unless it runs already, and return it as a frame.

    Args:
        root: The folder of all runs.
        height: Height of the frame, in pixels.

    Raises:
        Mistake: There is no such folder, or the server cannot start.
    """
    folder = Path(root).resolve()
    if not folder.is_dir():
        raise Mistake(f"There is no folder {root}: name the folder of your runs, such as runs/.")
    if folder not in _shown or not _shown[folder].is_running:
        _shown[folder] = Shown(folder, height)
    _shown[folder].height = height
    return _shown[folder]


def end_with_input() -> None:
    """End this process as Ctrl-C does when whoever started it has ended."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve the folder that the command line names, at any port that is free."""
    from gan_zoo.dashboard.server import serve

    threading.Thread(target=end_with_input, daemon=True).start()
    sys.exit(serve(Path(sys.argv[1]), port=0))


if __name__ == "__main__":
    main()
