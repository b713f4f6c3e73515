"""Draws hostile command lines and YAML, and damages files of all kinds; runs each command in this process, and returns
what broke the rules: `python -m tests.drivers.fuzzing FOLDER SECONDS FIRST`, with the number of the first case.

The rules: no traceback, no exit code but 0, 1, 2 and 130, no case of more than 20 seconds, no file written outside of
what `--run`, `--runs` and `--out` name.
"""

import contextlib
import io
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from gan_zoo.cli import main
from tests.drivers.damage import damaged_words, damaged_yaml, hostile
from tests.drivers.damaged_files import damage_file
from tests.drivers.furnished import (
    FIT,
    FOLDER,
    READERS,
    SCORE,
    configuration,
    furnish,
    furnish_odd,
    set_environment,
    study,
)

SECONDS = 20
"""Time of the processor that a case may take."""
WAIT = 60
"""Seconds by the clock within which a case must use the processor, however busy the machine is."""
WORK = 0.05
"""Seconds of the processor that a case uses within `WAIT` unless it waits for something that never comes."""
MEMORY = 6 << 30
"""Bytes of address space that a case may take beyond what the process has."""
CODES = (0, 1, 2, 130)
OUT = ("--run", "--runs", "--out", "--figures", "--into")
TEMPORARY = re.compile(r"\.([^/]+)\.\d+\.new$")
"""The name of a file that becomes another when it is whole."""
ELSEWHERE = ("/dev/", "/proc/", tempfile.gettempdir() + "/torch")
"""Where a process may write that is no file of a user's."""
STEPS = ["--trainer.accelerator", "cpu", "--trainer.max_steps", "2", "--evaluation.extractor", "null"]
COMMANDS: list[list[str]] = [
    *[["fit", *FIT, "--run", "out"]] * 2,
    ["fit", "-c", "good.yaml", "--run", "out"],
    ["fit", *FIT, "--run", "trained"],
    ["data", "show", "--data", "tests.drivers.tiny.Tiny", "--out", "out.png"],
    ["data", "show", *FOLDER, "--data.root", "images", "--out", "out.png"],
    ["data", "show", "-c", "good.yaml", "--out", "out.png"],
    ["data", "check", "images"],
    ["data", "list"],
    ["data", "prepare", *FOLDER, "--data.root", "x.zip"],
    ["data", "stats", *FOLDER, "--data.root", "images", *SCORE, "--out", "out.npz"],
    ["sample", "trained", "--count", "4", "--out", "out.png"],
    ["sample", "trained", "--count", "4", "--first", "2", "--seed", "3", "--out", "out"],
    ["latent", "mix", "trained", "--out", "out.png"],
    ["evaluate", "trained", *SCORE, "--samples", "8", "--allow-module", "tests"],
    ["evaluate", "--fake", "images", "--real", "images", *SCORE, "--run", "out"],
    ["stylize", "--content", "good.png", "--style", "good.png", "--out", "out.png", "--size", "8"],
    ["translate", "trained", "--images", "good.png", "--out", "out.png"],
    ["report", ".", "--out", "out.html"],
    ["status", "."],
    ["runs", "rm", "trained", "--yes"],
    *[["study", "study.yaml", "--runs", "out"]] * 2,
]
"""Commands that are right, into which words are put that are not."""
DEFAULT_OUT = ("runs", "mnist", "data.png", "report.html", "out", *(f"results.{kind}" for kind in ("csv", "md", "tex")))


class Broken(NamedTuple):
    """A rule that a case broke."""

    rule: str
    """What happened, in a few words that are the same for cases with the same cause."""
    case: str
    """What was run, and all that is known of it."""


class TooLong(BaseException):
    """A case takes too long."""


class Watch:
    """Notes the files that Python opens for writing while `base` is watched."""

    def __init__(self) -> None:
        self.base, self.written = "", set[str]()
        sys.addaudithook(self._note)  # stays until the process ends

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.base or event not in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate"):
            return
        path, *rest = arguments
        if event == "os.rename":
            path = rest[0]
        if event == "open" and not (
            (isinstance(rest[0], str) and set(rest[0]) & set("wax+")) or (rest[1] or 0) & (os.O_WRONLY | os.O_RDWR)
        ):
            return
        if isinstance(path, str | bytes | os.PathLike):
            self.written.add(os.path.abspath(os.fsdecode(path)))


class Fuzzer:
    """Draws and runs cases in a folder.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.template, self.watch = folder, folder / "template", Watch()
        self.template.mkdir()
        with contextlib.chdir(self.template):
            furnish(self.template)
        self.options = options_of_fit()

    def run(self, number: int) -> Broken | None:
        """Run case `number`. Return the rule that it broke, or None."""
        draw = random.Random(f"case {number}")
        place = self.folder / "case"
        shutil.copytree(self.template, place)
        set_environment(place)
        try:
            with contextlib.chdir(place):
                furnish_odd()
                words, damage = self._damaged_case(draw) if draw.random() < 0.5 else self._hostile_case(draw)
                return self._verdict(f"case {number}: gan-zoo {words!r}"[:900] + f"\n{damage}", words, place)
        finally:
            shutil.rmtree(place)

    def _damaged_case(self, draw: random.Random) -> tuple[list[str], str]:
        """Return a right command line, and what was done to one or two of the files that it reads."""
        words, patterns = draw.choice(READERS)
        chosen = set(draw.choices(patterns, k=draw.choice([1, 1, 1, 2])))
        files = [draw.choice(sorted(Path().glob(pattern))) for pattern in sorted(chosen)]
        return words, f"{[damage_file(draw, file) for file in files]}"

    def _hostile_case(self, draw: random.Random) -> tuple[list[str], str]:
        """Return a command line that is mostly right, after writing the YAML that it reads, and that YAML."""
        words, shown = draw.choice(COMMANDS), ""
        for name, content in (("good.yaml", configuration()), ("study.yaml", study())):
            if name in words and draw.random() < 0.8:
                Path(name).write_bytes(damaged_yaml(draw, content))
                shown += f"{name}: {Path(name).read_bytes()[:600]!r}"
        ends = ["--dry-run"] if words[0] == "study" else STEPS if words[0] == "fit" else []
        if words[0] == "fit" and draw.random() < 0.5:
            words = [*words, draw.choice(self.options), hostile(draw)]
        for _ in range(draw.choice([0, 1, 1, 2])):
            words = damaged_words(draw, words)
        return [*words, *ends], shown

    def _verdict(self, shown: str, words: list[str], place: Path) -> Broken | None:
        code, output, error = self._call(words, place)
        if error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [f for f in frames if "/gan_zoo/" in f.filename or "/datamodules/" in f.filename]
            where = (ours or frames)[-1]
            text = "".join(traceback.format_exception(error))[-2500:]
            return Broken(f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}", f"{shown}\n{text}")
        if code not in CODES:
            return Broken(f"code {code}", f"{shown}\n{output[-500:]}")
        if code == 2 and "gan-zoo: " not in (output.splitlines() or [""])[-1]:
            return Broken("a mistake without its line", f"{shown}\n{output[-1500:]}")
        outside = sorted(self._outside(words, place))
        return Broken(f"writes {Path(outside[0]).name}", f"{shown}\n{outside}\n{output[-500:]}") if outside else None

    def _call(self, words: list[str], place: Path) -> tuple[Any, str, BaseException | None]:
        printed = io.StringIO()
        try:
            with limited(), nothing_to_read(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                self.watch.written, self.watch.base = set(), str(place)
                try:
                    main(words)
                finally:
                    self.watch.base = ""
        except SystemExit as end:
            return end.code, printed.getvalue(), None
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return None, printed.getvalue(), error
        return None, printed.getvalue(), None

    def _outside(self, words: list[str], place: Path) -> Iterator[str]:
        """Yield the files that were written although no option names them."""
        named = [*DEFAULT_OUT, "cache", *(["trained", "study"] if words[:1] in (["evaluate"], ["runs"]) else [])]
        for word, following in pairwise([*words, ""]):
            option, equals, value = word.partition("=")
            if option in OUT:
                named.append(value if equals else following)
        allowed = {os.path.abspath(os.path.expanduser(name)) for name in named if name.strip(" .~")}
        above = {str(parent) for path in allowed for parent in Path(path).parents}  # folders that are made for them
        for path in self.watch.written - above:
            final = TEMPORARY.sub(r"\1", path)
            inside = [final, *map(str, Path(final).parents)]
            if path != str(place) and not allowed & set(inside) and not path.startswith(ELSEWHERE):
                yield path


def options_of_fit() -> list[str]:
    """Return the names of all options of `fit` but those that print."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main(["fit", "--help"])
    words = {word.strip(",") for word in printed.getvalue().split() if word.startswith("--")}
    return sorted(word for word in words if "." in word and not word.endswith(("+", ".help")))


@contextlib.contextmanager
def nothing_to_read() -> Iterator[None]:
    """Within the block, standard input ends at once, whatever pytest or a terminal has put there."""
    before = sys.stdin
    with open(os.devnull) as sys.stdin:
        try:
            yield
        finally:
            sys.stdin = before


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Within the block, end what takes too long, and refuse memory beyond `MEMORY`."""

    used = [time.process_time()]

    def stop(number: int, _: object) -> None:
        used.append(time.process_time())
        if number == signal.SIGPROF or used[-1] - used[-2] < WORK:
            raise TooLong

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    handlers = {number: signal.signal(number, stop) for number in (signal.SIGPROF, signal.SIGALRM)}
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, WAIT, WAIT)
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, hard))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in {**handlers, **kept}.items():
            signal.signal(number, handler)


def search(fuzzer: Fuzzer, first: int, seconds: float) -> dict[str, str]:
    """Try cases from number `first` on, at least one, and return the first case that broke each rule."""
    broken: dict[str, str] = {}
    end, number = time.monotonic() + seconds, first
    while number == first or time.monotonic() < end:
        if (found := fuzzer.run(number)) and broken.setdefault(found.rule, found.case) is found.case:
            print(f"=== {found.rule}\n{found.case}\n", flush=True)
        number += 1
    print(f"{number - first} cases, {len(broken)} of them broke a rule in a way of their own", flush=True)
    return broken


if __name__ == "__main__":
    place = Path(sys.argv[1]).absolute()
    place.mkdir(parents=True)
    sys.exit(bool(search(Fuzzer(place), int(sys.argv[3]), float(sys.argv[2]))))
