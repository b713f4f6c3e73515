"""Names that come from files do no harm where they are shown: in a terminal, a table, a page or a spreadsheet."""

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.names import visible
from gan_zoo.cli import main
from gan_zoo.report import build, grouping, latex, rank, sheets, shown
from gan_zoo.report.collect import collect
from gan_zoo.report.committed import read
from tests.report.made import make_run, make_study

EVIL = "\x1b[31mred\x9b2J\rover\u202egnp\n"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Grüße, 你好 🙂", "Grüße, 你好 🙂"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\rb\nc\td", r"a\rb\nc\td"),
        ("\u202egnp", r"\u202egnp"),
        (os.fsdecode(b"\xff.png"), r"\udcff.png"),
    ],
)
def test_a_name_is_shown_with_escapes_for_what_is_no_letter(name: str, shown: str) -> None:
    assert visible(name) == shown


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(list(arguments))
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_no_command_prints_a_control_character_of_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for number in range(2):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(images / f"{EVIL}{number}.png")
    (images / f"{EVIL}.jpg").write_bytes(b"damaged")
    (images / f"{EVIL}.txt").write_text("")
    make_run(tmp_path / "runs" / EVIL, {10: 1.0}, model=EVIL)
    commands = (
        ("data", "check", str(images), "--all"),
        ("status", str(tmp_path / "runs")),
        ("report", str(tmp_path / "runs"), "--out", str(tmp_path / "report.html")),
        ("runs", "rm", str(tmp_path / "runs" / EVIL), "--yes"),
        ("data", "show", "--data", "ImageFolder", "--data.root", str(images)),
        ("sample", EVIL, "--out", "x.png"),
    )
    for words in commands:
        text = output(capsys, *words)
        assert "red" in text and all(letter.isprintable() or letter == "\n" for letter in text), (words, text)


CELLS = ["=cmd|'/c calc'!A1", "+1+cmd", "-2+3+cmd", "@SUM(A1)", "\t=1", "'quoted", "plain"]


@pytest.mark.parametrize("cell", CELLS)
def test_no_cell_of_a_csv_is_a_formula(cell: str) -> None:
    (written,) = csv.reader(io.StringIO(sheets.as_csv([cell], [])))
    assert written[0] == (cell if cell == "plain" else f"'{cell}")
    assert sheets.original(written[0]) == cell


@pytest.mark.parametrize("number", [-1.5, "-1.5", "+3", "-0.5 to 0.25", "-1e-05", None, 7])
def test_numbers_of_a_csv_stay_numbers(number: object) -> None:
    assert sheets.as_csv(["x"], [[number, "y"]]) == f"x\n{'' if number is None else number},y\n"


def test_a_run_with_the_name_of_a_formula_survives_results_csv(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    make_study(folder, {"a": {"method": "@method", "settings": {}}})
    for name, model in (("a", "GAN"), ("=1+cmd", "WGAN")):
        make_run(folder / name, {10: 1.0}, model=model)
    build([folder], tmp_path / "report.html")
    cells = [cell for row in csv.reader(io.StringIO((tmp_path / "results.csv").read_text())) for cell in row]
    assert "'=1+cmd" in cells and "'@method" in cells and not any(cell.startswith(("=", "@")) for cell in cells)
    again, once = (rank.tables(grouping.group(runs)) for runs in (read(tmp_path / "results.csv"), collect([folder])))
    assert shown(again)[0].rows == shown(once)[0].rows


def test_markdown_and_latex_are_escaped_everywhere() -> None:
    name = "a|b_~~c~~<b>\x1b$"
    sheet = sheets.Sheet("x", name, [name], [False], [[name]], [name], [name], [name], [[name]], name, [name])
    text = sheets.markdown(sheet)
    assert text.count(r"a\|b\_\~\~c\~\~&lt;b&gt;\\x1b$") == 7 and "\x1b" not in text
    tex = latex.table(sheet)
    assert tex.count(r"a\textbar{}b\_\textasciitilde{}") == 5 and "\x1b" not in tex and "b_" not in tex
