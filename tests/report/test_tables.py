"""results.csv, results.md, results.tex, figures, and what the terminal shows."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gan_zoo.report import build, grouping, matrix, rank, sheets, tables
from gan_zoo.report.collect import collect
from gan_zoo.report.tables import duration
from tests.report.made import PROTOCOL, add_score, make_run, two_methods

HEAD = [
    *("rank", "method", "mean", "spread", "95 % interval", "seeds", "not told from", "last step", "best step"),
    *("images", "time", "status"),
]
ROWS = [
    ["1–2", "a", "12.00", "2.83", "1.40 to 100.33", "2", "b", "100", "50–100", "1,000", "10 s", "finished"],
    ["1–2", "b", "30.00", "–", "–", "1 of 2", "a", "100", "100", "1,000", "10 s", "1 finished, 1 failed"],
]


def test_the_terminal_shows_the_ranking_and_what_failed(tmp_path: Path) -> None:
    lines = build([two_methods(tmp_path / "s")], tmp_path / "out" / "report.html").splitlines()
    assert lines[0] == "fd_lenet"
    assert "lower is better. Budget: steps equal (100) · images equal (1,000) · seconds equal (10)." in lines[1]
    assert lines[2].startswith("Nothing is ranked apart")
    assert lines[3].split() == [word for cell in HEAD for word in cell.split()]
    assert lines[4].split() == [word for cell in ROWS[0] for word in cell.split()]
    assert lines[5].split() == [word for cell in ROWS[1] for word in cell.split()]
    assert lines[6] == "  not ranked: b-s1: failed: Loss was nan & <odd>."
    assert lines[4].index("finished") == lines[5].index("1 finished") == lines[3].index("status")


def test_columns_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    make_run(tmp_path / "x", {10: 3.0})
    (table,) = rank.tables(grouping.group(collect([tmp_path])))
    head = tables.ranking(table).head
    assert head == ["rank", "method", "mean", "seeds", "last step", "images", "time"]


def test_csv(tmp_path: Path) -> None:
    build([two_methods(tmp_path / "s")], tmp_path / "report.html")
    with open(tmp_path / "results.csv", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert ",".join(header) == (
        "study,run,model,data,split,seed,step,images,seconds,metric,value,low,high,status,images_per_second,settings,"
        "protocol,method,drawn"
    )
    assert len(rows) == 4
    assert rows[0][:-3] == [
        *("s", "a-s0", "GAN", "MNIST", "train", "0", "100", "1000", "10.0", "fd_lenet", "10.0"),
        *("", "", "finished", "100.0", "{}"),
    ]
    assert json.loads(rows[0][-3]) == PROTOCOL and rows[0][-2:] == ["a", ""]


def test_csv_of_a_run_without_score_and_of_an_interval(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {})
    folder = make_run(tmp_path / "b", {10: 2.0})
    line = {"step": 10, "images": 100, "metric": "fd_lenet", "value": 2.0, "interval": [1.5, 2.5], "protocol": PROTOCOL}
    (folder / "evaluations.jsonl").write_text(json.dumps(line))
    text = build([tmp_path], tmp_path / "report.html")
    with open(tmp_path / "results.csv", newline="") as stream:
        without, interval = csv.DictReader(stream)
    assert (without["run"], without["metric"], without["value"], without["status"]) == ("a", "", "", "finished")
    assert (interval["low"], interval["high"]) == ("1.5", "2.5")
    assert "1.500 to 2.500" not in text and "1.50 to 2.50" in text  # of one run, the score's own


def test_markdown(tmp_path: Path) -> None:
    build([two_methods(tmp_path / "s")], tmp_path / "report.html")
    text = (tmp_path / "results.md").read_text()
    assert f"| {' | '.join(HEAD)} |\n|---:|---|" in text
    assert f"| {' | '.join(ROWS[0])} |" in text and f"| {' | '.join(ROWS[1])} |" in text
    assert "Protocol: extractor lenet · data mnist\\_test\\_10k · real 10000 · generated 500 · weights last." in text
    assert "- not ranked: b-s1: failed: Loss was nan &amp; &lt;odd&gt;." in text


def test_cells_of_a_table_in_markdown_stay_in_their_column() -> None:
    assert sheets.md("a|b\nc `d` <script>") == "a\\|b c \\`d\\` &lt;script&gt;"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        *(([], "–"), ([9.94], "9.9 s"), ([30, 32], "31 s"), ([99.9], "100 s"), ([100], "1.7 min"), ([5999], "100 min")),
        *(([6000], "1.7 h"), ([90000.0], "25 h")),
    ],
)
def test_durations(seconds: list[float], shown: str) -> None:
    assert duration(seconds) == shown


def test_methods_by_data(tmp_path: Path) -> None:
    for data, value in (("mnist", 3.0), ("cifar10", 40.0)):
        protocol = PROTOCOL | {"data": data, "real": 7}
        for model in ("GAN", "WGAN"):
            if (data, model) != ("cifar10", "WGAN"):
                config = {"image_shape": [len(data)]}
                folder = make_run(
                    tmp_path / f"{data}-{model}", {10: value}, model=model, protocol=protocol, config=config
                )
                add_score(folder, 10, 1.0, protocol | {"generated": 9})
    ranked = rank.tables(grouping.group(collect([tmp_path])))
    assert len(ranked) == 4
    first, second = map(matrix.matrix, matrix.families(ranked))  # one for each protocol, whatever the data
    assert first.head == ["method", "mnist", "cifar10"]
    assert first.rows == [["GAN", "3.00 (1–2)", "40.00 (1)"], ["WGAN", "3.00 (1–2)", "–"]]
    assert second.rows[1] == ["WGAN", "1.00 (1–2)", "–"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["empty"], "There is no run in empty"),
        (["nowhere"], "There is no folder nowhere"),
        (
            ["runs", "--out", "runs/a/run.json/report.html"],
            "The report cannot be written to runs/a/run.json/report.html",
        ),
        (["runs", "--ouy", "x"], "did you mean --out?"),
        (["runs", "--score", "fd_lent"], "No run has the score fd_lent (did you mean fd_lenet?)"),
        (["runs", "--by", "model.size"], "No run has a setting model.size"),
        (["runs", "--figures", "runs/a/run.json"], "cannot be written to runs/a/run.json"),
        (["empty", "--into", "runs/a/run.json"], "There is no result in empty"),
    ],
)
def test_mistakes_end_with_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "empty").mkdir()
    make_run(tmp_path / "runs" / "a", {10: 1.0})
    command = [sys.executable, "-m", "gan_zoo", "report", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_the_command_writes_into_the_one_folder_and_loads_no_torch(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "a", {10: 1.0})
    script = (
        "from gan_zoo.cli import run; import sys; run(['report', 'runs'])\n"
        "print(sorted({'torch', 'lightning', 'numpy', 'PIL', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-2:] == ["The report is runs/report.html", "[]"], done.stderr
    names = {file.name for file in (tmp_path / "runs").iterdir()}
    assert names == {"a", "report.html", "results.csv", "results.md", "results.tex"}


def test_a_table_that_has_models_with_and_without_classes_says_which_is_which(tmp_path: Path) -> None:
    for model, labels in (("gan", "none"), ("cgan", "uniform")):
        make_run(tmp_path / "both" / model, {10: 5.0}, model=model, protocol=PROTOCOL | {"labels": labels})
    sheets_of = {
        folder: tables.ranking(rank.tables(grouping.group(collect([tmp_path / folder])))[0])
        for folder in ("both", "both/gan", "both/cgan")
    }
    both = sheets_of["both"]
    assert {row[1]: row[both.head.index("labels")] for row in both.rows} == {"gan": "none", "cgan": "uniform"}
    assert any("need not be how often the real images have it" in line for line in both.above)
    for alone in ("both/gan", "both/cgan"):
        assert "labels" not in sheets_of[alone].head and not any("uniform" in line for line in sheets_of[alone].above)


@pytest.mark.parametrize(("value", "flagged"), [(0.4, True), (61.0, False)])
def test_copies_of_training_images_are_flagged(tmp_path: Path, value: float, flagged: bool) -> None:
    """New images of any distribution are authentic to a third or more."""
    add_score(make_run(tmp_path / "x", {}), 10, value, PROTOCOL, metric="authpct_lenet_500")
    (table,) = rank.tables(grouping.group(collect([tmp_path])))
    assert any("many are copies of the real images" in line for line in tables.above(table)) is flagged


def test_scores_of_what_no_model_made_say_so_where_they_belong_beside_no_model(tmp_path: Path) -> None:
    """What the images of a direction score untranslated, against other targets than the model's: a table apart."""
    run = make_run(tmp_path / "x", {})
    for value, weights, real in ((97.0, "untranslated", 7), (60.0, "last", 10_000)):
        add_score(run, 10, value, PROTOCOL | {"weights": weights, "real": real}, metric="a2b/fd_lenet_500")
    own, beside = rank.tables(grouping.group(collect([tmp_path])))
    assert (own.rows[0].mean, beside.rows[0].mean) == (60, 97)
    assert "No model made these" not in " ".join(tables.above(own))
    assert tables.above(beside)[0].startswith("Fréchet distance (a2b, lenet, 500), lower is better.")
    assert "No model made these: the sources, without translation" in " ".join(tables.above(beside))
    assert beside.differs == "real 7, above 10000; weights untranslated, above last"
    assert tables.slug(own).startswith("a2b-fd_lenet_500")
