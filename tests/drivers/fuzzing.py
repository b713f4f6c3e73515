"""Draws hostile command lines and YAML files, runs each in this process, and returns what broke the rules.

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
import traceback
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gan_zoo.cli import main

SECONDS = 20
"""Time of the processor that a case may take."""
WAIT = 120
"""Seconds that a case may take by the clock: a machine may be busy, but nothing may wait for ever."""
MEMORY = 6 << 30
"""Bytes of address space that a case may take beyond what the process has."""
CODES = (0, 1, 2, 130)
HOSTILE_NUMBERS = [
    *(
        "-1",
        "0",
        "1",
        "2",
        "-0.0",
        "1e-400",
        "1e400",
        "nan",
        ".nan",
        "inf",
        "-inf",
        ".inf",
        "1_000",
        "0x1F",
        "٣",
        "1.5",
    ),
    *("1000000000000", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "1" + "0" * 30),
]
HOSTILE_TEXTS = [
    *(
        "",
        " ",
        "-",
        "--",
        "=",
        "*",
        "~",
        ".",
        "..",
        "null",
        "true",
        "[]",
        "{}",
        "[1",
        "{a: 1}",
        "[[1, 2], 3]",
        "[1, 2]",
    ),
    *(
        "é\t\n",
        "a b",
        "\x1b[31m",
        "\ud83d\ude00",
        "x" * 300,
        "x" * 5000,
        "%s",
        "{split}",
        "$HOME",
        "a:b",
        "a.b",
        "os.system",
    ),
    *("!!python/object:os.system x", "&a [*a]", "2001-99-99", "!!bool x", "? {}", "a: b: c", "'", "%", "@", "<<: 1"),
    *("GAN", "MNIST", "Tiny", "mnist/gan", "study", "fd", "lenet", "inception", "cpu", "gpu", "0,1"),
]
HOSTILE_PATHS = [
    *("fifo", "loop", "dir", "empty", "text.txt", "bad.png", "good.png", "bomb.yaml", "good.yaml", "unread", "none"),
    *("good.png/x", "dir/x/y/z", "/dev/zero", "/dev/full", "/dev/null/x", "x.zip", "bad.zip", "images", "trained"),
]
OUT = ("--run", "--runs", "--out", "--figures", "--into")
TEMPORARY = re.compile(r"\.([^/]+)\.\d+\.new$")
"""The name of a file that becomes another when it is whole."""
DEFAULT_OUT = ("runs", "data.png", "report.html", "out", *(f"results.{kind}" for kind in ("csv", "md", "tex")))


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
        trained: The directory of a finished run, which is copied.
    """

    def __init__(self, folder: Path, trained: Path) -> None:
        self.folder, self.trained, self.watch = folder, trained, Watch()
        self.fit = ["--model", "GAN", "--model.architecture", "mlp", "--model.width", "[8]", "--model.latent_dim", "4"]
        self.fit += ["--data", "tests.drivers.tiny.Tiny"]
        self.ends = ["--trainer.accelerator", "cpu", "--trainer.max_steps", "2", "--evaluation.extractor", "null"]
        self.options = self._options()

    def run(self, number: int) -> Broken | None:
        """Run case `number`. Return the rule that it broke, or None."""
        draw = random.Random(f"case {number}")
        place = Path(tempfile.mkdtemp(dir=self.folder))
        before = os.getcwd()
        try:
            os.chdir(place)
            self._furnish(place)
            words = self._case(draw)
            return self._verdict(number, words, place)
        finally:
            os.chdir(before)
            shutil.rmtree(place, ignore_errors=True)

    def _options(self) -> list[str]:
        """Return the names of all options of `fit` but those whose values start processes or programs."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main(["fit", "--help"])
        words = {word.strip(",") for word in printed.getvalue().split() if word.startswith("--")}
        return sorted(word for word in words if "." in word and not word.endswith(("+", ".help")))

    def _furnish(self, place: Path) -> None:
        """Make the files that `HOSTILE_PATHS` names."""
        from PIL import Image

        os.mkfifo("fifo")
        os.symlink(".", "loop")
        os.makedirs("dir/loop/deep")
        os.symlink("../..", "dir/loop/deep/up")
        os.makedirs("images/a")
        for name in ("good.png", "images/1.png", "images/2.png", "images/a/3.png"):
            Image.new("L", (8, 8), len(name)).save(name)
        for name, content in (("empty", b""), ("text.txt", b"text\n"), ("bad.png", b"\x89PNG\r\n\x1a\nxxxx")):
            Path(name).write_bytes(content)
        Path("bad.zip").write_bytes(b"PK\x05\x06" + bytes(18))
        Path("bomb.yaml").write_text("&a {model: *a}")
        Path("good.yaml").write_text(yaml.safe_dump(self._configuration()))
        Path("study.yaml").write_text(yaml.safe_dump(self._study()))
        shutil.make_archive("x", "zip", "images")
        shutil.copytree(self.trained, "trained")

    def _configuration(self) -> dict[str, Any]:
        model = {"architecture": "mlp", "width": [8], "latent_dim": 4, "n_critic": 1, "learning_rate": 1e-3}
        return {
            "seed": 1,
            "model": {"class_path": "GAN", "init_args": {k: v for k, v in model.items() if k != "n_critic"}},
            "data": {"class_path": "tests.drivers.tiny.Tiny", "init_args": {"size": 8, "count": 48, "batch_size": 4}},
            "trainer": {"max_steps": 2, "log_every_n_steps": 1},
            "grids": {"count": 4, "every": 2},
            "checkpoints": {"every": 2},
        }

    def _study(self) -> dict[str, Any]:
        return {
            "base": "good.yaml",
            "settings": {"model.width": [4], "grids.count": 1},
            "methods": {"gan": {}, "lsgan": {"model": "LSGAN"}},
            "matrix": {"seed": [0, 1], "data.batch_size": [4, 8]},
            "exclude": [{"method": "gan", "seed": 1}],
            "budget": {"steps": 3},
            "retries": 1,
        }

    def _case(self, draw: random.Random) -> list[str]:
        """Return a command line that is mostly right, after writing the files that it reads."""
        fit = ["fit", *self.fit, "--run", "out"]
        case: tuple[list[str], list[str]] = draw.choice(
            [
                (fit, self.ends),
                (fit, self.ends),
                (["fit", "-c", "good.yaml", "--run", "out"], self.ends),
                (["fit", *self.fit, "--run", "trained"], self.ends),
                (["data", "show", "--data", "tests.drivers.tiny.Tiny", "--out", "out.png"], []),
                (["data", "show", "--data", "ImageFolder", "--data.root", "images", "--out", "out.png"], []),
                (["data", "show", "-c", "good.yaml", "--out", "out.png"], []),
                (["data", "check", "images"], []),
                (["data", "list"], []),
                (["data", "prepare", "--data", "ImageFolder", "--data.root", "x.zip", "--data.resolution", "8"], []),
                (["sample", "trained", "--count", "4", "--out", "out.png"], []),
                (["sample", "trained", "--count", "4", "--first", "2", "--seed", "3", "--out", "out"], []),
                (["latent", "mix", "trained", "--out", "out.png"], []),
                (["evaluate", "trained", "--metrics", "fd", "--extractor", "lenet", "--samples", "8"], []),
                (["evaluate", "--images", "images", "--against", "images", "--metrics", "fd"], []),
                (["stylize", "--content", "good.png", "--style", "good.png", "--out", "out.png", "--size", "8"], []),
                (["translate", "trained", "--images", "good.png", "--out", "out.png"], []),
                (["report", ".", "--out", "out.html"], []),
                (["status", "."], []),
                (["runs", "rm", "trained", "--yes"], []),
                (["study", "study.yaml", "--runs", "out"], ["--dry-run"]),
                (["study", "study.yaml", "--runs", "out"], ["--dry-run"]),
            ]
        )
        words, ends = case
        for name, content in (("good.yaml", self._configuration()), ("study.yaml", self._study())):
            if name in words and draw.random() < 0.8:
                Path(name).write_bytes(damaged_yaml(draw, content))
        if words[0] == "fit" and draw.random() < 0.5:
            words = [*words, draw.choice(self.options), hostile(draw)]
        for _ in range(draw.choice([0, 1, 1, 2])):
            words = damaged_words(draw, words)
        return [*words, *ends]

    def _verdict(self, number: int, words: list[str], place: Path) -> Broken | None:
        shown = f"case {number}: gan-zoo {words!r}"[:900]
        for name in ("good.yaml", "study.yaml"):
            if name in words:
                shown += f"\n{name}: {Path(name).read_bytes()[:600]!r}"
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
            with limited(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
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
        """Yield the files that were written in the folder of the case although no option names them."""
        named = [*DEFAULT_OUT, *(["trained"] if words[:1] in (["evaluate"], ["runs"]) else [])]
        for word, following in pairwise([*words, ""]):
            option, equals, value = word.partition("=")
            if option in OUT:
                named.append(value if equals else following)
        allowed = {os.path.abspath(os.path.expanduser(name)) for name in named if name.strip(" .~")}
        above = {str(parent) for path in allowed for parent in Path(path).parents}  # folders that are made for them
        for path in self.watch.written - above:
            final = TEMPORARY.sub(r"\1", path)
            inside = [final, *map(str, Path(final).parents)]
            if path != str(place) and str(place) in inside and not allowed & set(inside):
                yield path


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Within the block, end what takes too long, and refuse memory beyond `MEMORY`."""

    def stop(*_: object) -> None:
        raise TooLong

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    handlers = {number: signal.signal(number, stop) for number in (signal.SIGPROF, signal.SIGALRM)}
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, WAIT)
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


def hostile(draw: random.Random) -> str:
    """Return a word that few options take."""
    return draw.choice(draw.choice([HOSTILE_NUMBERS, HOSTILE_NUMBERS, HOSTILE_TEXTS, HOSTILE_PATHS]))


def damaged_words(draw: random.Random, words: list[str]) -> list[str]:
    """Return a command line with one word lost, doubled, swapped, misspelt or replaced by a hostile one."""
    words = list(words)
    at = draw.randrange(1, len(words)) if len(words) > 1 else 0
    match draw.randrange(8):
        case 0:
            del words[at]
        case 1:
            words.insert(at, words[at])
        case 2:
            other = draw.randrange(len(words))
            words[at], words[other] = words[other], words[at]
        case 3:
            cut = draw.randrange(len(words[at]) or 1)
            words[at] = words[at][:cut] + draw.choice("aZ9-_.=[{\t") + words[at][cut + 1 :]
        case 4:
            words.insert(at, hostile(draw))
        case _:
            values = [place for place in range(1, len(words)) if not words[place].startswith("-")]
            words[draw.choice(values or [at])] = hostile(draw)
    return words


def damaged_yaml(draw: random.Random, content: dict[str, Any]) -> bytes:
    """Return YAML with one or two of its values, keys or bytes changed."""
    for _ in range(draw.choice([1, 1, 2])):
        damage_value(draw, content)
    text = yaml.safe_dump(content, sort_keys=False).encode("utf-8", "surrogatepass")
    match draw.randrange(6):
        case 0:
            return text[: draw.randrange(len(text))]
        case 1:
            at = draw.randrange(len(text))
            return text[:at] + bytes([draw.randrange(256)]) + text[at + 1 :]
        case 2:
            lines = text.splitlines(keepends=True)
            lines.insert(draw.randrange(len(lines)), draw.choice(lines))
            return b"".join(lines)
        case _:
            return text


def damage_value(draw: random.Random, content: Any) -> None:
    """Change one value or key of a nested mapping."""
    places: list[tuple[Any, Any]] = []
    left: list[Any] = [content]
    while left:
        value = left.pop()
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in list(entries):
            places.append((value, key))
            left.append(inner)
    if not places:
        return
    holder, key = draw.choice(places)
    new: Callable[[], Any] = lambda: yaml_value(draw)  # noqa: E731
    match draw.randrange(6):
        case 0 if isinstance(holder, dict):
            holder[new()] = holder.pop(key)
        case 1:
            del holder[key]
        case 2 if isinstance(holder, dict):
            holder[new()] = new()
        case 3:
            holder[key] = draw.choice([[], {}, [holder[key]], {"a": holder[key]}, [new(), new()]])
        case _:
            holder[key] = new()


def yaml_value(draw: random.Random) -> Any:
    """Return a number, a text or null."""
    numbers = [-1, 0, 1, 2, 1.5, -0.0, 10**12, 2**31, 2**63, 10**30, float("nan"), float("inf"), None, True, False]
    return draw.choice(numbers) if draw.random() < 0.6 else hostile(draw)
