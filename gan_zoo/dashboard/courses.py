"""The runs that somebody looks at closely: their curves, read once and then followed, thinned to what a screen shows.

A page gets the thinned curves. From then on it asks for the lines after its cursor, which are read from the file's end.
Only the runs that were opened last are kept, so memory grows neither with the number of runs nor with their length.
"""

import json
import threading
from collections import OrderedDict
from typing import Any

from gan_zoo.dashboard.follow import Follower, lines_between
from gan_zoo.dashboard.rows import Watched
from gan_zoo.dashboard.thinning import Thinned, slim
from gan_zoo.report.collect import Result, assemble, read_study
from gan_zoo.report.scores import kind, protocol
from gan_zoo.run.reading import Damaged

KEPT = 40
"""Number of runs whose curves are kept: as many as one page may compare."""
KINDS = 64
"""Most scores, by metric and protocol, of one run."""
SCORES = 512
"""Most stretches of one score: up to this number of lines, all are kept."""
AHEAD = 256 << 10
"""Most bytes between a page's cursor and the end of the file. A page that is further behind is made again."""


class Course:
    """The curves of one run.

    Args:
        watched: The run.
    """

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.metrics = Follower(watched.run.metrics_file)
        self._evaluations = Follower(watched.run.evaluations_file)
        self._lock = threading.Lock()
        self._thinned = Thinned()
        self._scores: dict[str, Thinned] = {}
        self._protocols: dict[str, dict[str, Any]] = {}

    def result(self) -> tuple[Result, dict[str, Any]]:
        """Return the run as the report takes it, and the cursor at which a page goes on reading."""
        with self._lock:
            damages = self._catch_up()
            evaluations = [line for one in self._scores.values() for line in one.lines()]
            metrics = self._thinned.lines()
            cursor = {"generation": self.metrics.generation, "position": self.metrics.position}
        run = self.watched.run
        return assemble(run, self.watched.name, read_study(run.path.parent), metrics, evaluations, damages), cursor

    def after(self, generation: int, position: int) -> dict[str, Any]:
        """Return the lines of metrics after a page's cursor, and its next cursor.

        If the file is another one than then, or the page is too far behind, the answer is `restart`.
        """
        with self._lock:
            damages = self._catch_up()
            now, end = self.metrics.generation, self.metrics.position
        if damages or generation != now or not 0 <= end - position <= AHEAD:
            return {"restart": True}
        lines = [slim(line) for line in lines_between(self.watched.run.metrics_file, position, end)]
        return {"generation": now, "position": end, "lines": lines}

    def _catch_up(self) -> list[str]:
        """Read what is new in both files, and return what is wrong with them."""
        damages = []
        for read in (self._read_metrics, self._read_scores):
            try:
                read()
            except Damaged as damaged:
                damages.append(str(damaged))
        return damages

    def _read_metrics(self) -> None:
        for is_anew, lines in self.metrics.pieces():
            if is_anew:
                self._thinned = Thinned()
            for line in lines:
                self._thinned.add(slim(line))

    def _read_scores(self) -> None:
        for is_anew, lines in self._evaluations.pieces():
            if is_anew:
                self._scores.clear()
            for line in lines:
                self._add_score(line)

    def _add_score(self, line: dict[str, Any]) -> None:
        key = kind(line.get("metric"), protocol(line))
        if key not in self._scores and len(self._scores) == KINDS:
            return
        shared = json.dumps(protocol(line), sort_keys=True)  # one object for all lines of equal protocol
        if isinstance(line.get("protocol"), dict):
            line["protocol"] = self._protocols.setdefault(shared, line["protocol"])
        self._scores.setdefault(key, Thinned(SCORES, ("value",))).add(line)


class Courses:
    """The curves of the runs that were opened last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Course] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, watched: Watched) -> Course:
        """Return the curves of a run, which are read when they are asked for."""
        with self._lock:
            course = self._kept.pop(watched.id, None)
            if course is None or course.watched is not watched:  # a run of that name was removed, and made again
                course = Course(watched)
            self._kept[watched.id] = course
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return course
