"""The dashboard: the pages of the report with what runs write at this moment, for whoever opens an address.

    server.py       starts the server              safety.py       who may ask, and for what
    routes.py       every address that is served   pages.py        the pages
    watch.py        what has changed, for readers  rows.py         one run as a row of the list
    folders.py      finds runs that come and go    courses.py      the curves of the runs that are open
    follow.py       cursors over files that grow   thinning.py     as many lines as a screen can show
    playing.py      the addresses of pictures      playground.py   asks for pictures of a run
    player.py       the process that makes them    scenes.py       the kinds of pictures
    controls.py     what one can set for a picture messages.py     between the two processes
    stamps.py       whether a run has new weights  notebook.py     the dashboard in a cell of a notebook

    static/         scripts and style beside those of the report, which `report/template` holds

The server only reads, but for images that a user sends. It loads no torch; player.py does, in a process of its own.
`gan_zoo.dashboard("runs")` shows the page in a notebook.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_zoo.dashboard.notebook import Shown


class _Room(ModuleType):
    """This package, which can be called: a folder and a function of the interface share the name `dashboard`."""

    def __call__(self, runs: str | Path = "runs", height: int = 800) -> "Shown":
        from gan_zoo.dashboard.notebook import show

        return show(runs, height)


sys.modules[__name__].__class__ = _Room
