"""Tables as LaTeX: what a paper shows, and that a LaTeX compiles it, whatever the names."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gan_zoo.errors import Mistake
from gan_zoo.report import build, for_paper, grouping, latex, matrix, rank
from gan_zoo.report.collect import collect
from gan_zoo.report.rank import Table
from tests.report.made import PROTOCOL, add_score, make_run, make_study, two_methods
from tests.report.test_baselines import two_runs

ODD = "50% of_a & {b} #1 ~^\\ $ <x> |y| [z] *"
ODD_IN_TEX = (
    r"50\% of\_a \& \{b\} \#1 \textasciitilde{}\textasciicircum{}\textbackslash{} \$ \textless{}x\textgreater{} "
    r"\textbar{}y\textbar{} {[}z] {*}"
)


def ranked(folder: Path) -> list[Table]:
    return rank.tables(grouping.group(collect([folder])))


def written(folder: Path, *columns: str) -> str:
    build([folder], folder.parent / "report.html", columns=columns)
    return (folder.parent / "results.tex").read_text()


def body(text: str) -> list[str]:
    """The lines of the first table between \\toprule and \\bottomrule."""
    return text.partition("\\toprule\n")[2].partition("\n\\bottomrule")[0].splitlines()


def odd_study(folder: Path) -> Path:
    """Methods whose names begin with what LaTeX would read as an option of the row before, or hold its characters."""
    names = ["[a]", "*", ODD, "a--b", "β=0.5 ± 1 → ∞"]
    cells = {}
    for number, name in enumerate(names):
        for seed in (0, 1):
            make_run(folder / f"m{number}-s{seed}", {10: 4.0 + 3 * number + seed / 4}, seed=seed)
            cells[f"m{number}-s{seed}"] = {"method": name, "settings": {"seed": seed}}
    return make_study(folder, cells)


def test_a_table_has_few_columns_rules_and_the_best_mean_in_bold(tmp_path: Path) -> None:
    text = written(two_methods(tmp_path / "s"))
    assert body(text) == [
        r"rank & method & mean & spread & 95 \% interval & seeds \\",
        r"\midrule",
        r"1--2 & a & \textbf{12.00} & 2.83 & 1.40 to 100.33 & 2 \\",
        r"1--2 & b & 30.00 & -- & -- & 1 of 2 \\",
    ]
    assert "\\begin{tabular}{rlrrrr}" in text and "\\label{tab:fd_lenet}" in text and "\\usepackage{booktabs}" in text


def test_the_caption_is_one_line_with_the_protocol_and_the_rest_is_below(tmp_path: Path) -> None:
    protocol = PROTOCOL | {"extractor_weights": "c0ffee", "batch_norm": "eval", "truncation": 1.0, "split": "test"}
    for model, value in (("GAN", 3.0), ("WGAN", 4.0)):
        make_run(tmp_path / "runs" / model, {10: value}, model=model, protocol=protocol)
    text = written(tmp_path / "runs")
    (caption,) = re.findall(r"\\caption\{(.*)\}\n", text)
    assert caption == (
        r"Fréchet distance (lenet), lower is better, the best mean in bold. Protocol: extractor lenet, data "
        r"mnist\_test\_10k, real 10,000, generated 500, weights last, split test."
    )
    assert "% Protocol: extractor lenet" in text and "extractor weights c0ffee" in text
    below = text.partition("\\end{tabular}")[2]
    assert "Nothing is ranked apart" in below and "Budget: steps equal (10)" in below


def test_columns_are_chosen_by_words(tmp_path: Path) -> None:
    text = written(two_methods(tmp_path / "s"), "method", "interval", "not-told-from", "status")
    assert body(text)[0] == r"method & 95 \% interval & not told from & status \\"
    assert body(text)[-1] == r"b & -- & a & 1 finished, 1 failed \\"
    with pytest.raises(Mistake, match=r"No column is called methods \(did you mean method\?\): there are rank, method"):
        for_paper.ranking(ranked(tmp_path / "s")[0], ["methods"])


def test_names_are_escaped(tmp_path: Path) -> None:
    assert latex.escaped(ODD) == ODD_IN_TEX
    text = written(odd_study(tmp_path / "s"))
    assert f" & {ODD_IN_TEX} & " in text and r"a-{}-b" in text and r"$\beta$=0.5 $\pm$ 1 $\to$ $\infty$" in text


def test_the_best_of_each_column_is_bold_in_methods_by_data(tmp_path: Path) -> None:
    for data, values in (("mnist", (3.0, 4.0)), ("cifar10", (50.0, 40.0))):
        for model, value in zip(("GAN", "WGAN"), values, strict=True):
            config = {"image_shape": [len(data)]}
            make_run(
                tmp_path / f"{data}-{model}",
                {10: value},
                model=model,
                protocol=PROTOCOL | {"data": data},
                config=config,
            )
    (family,) = matrix.families(ranked(tmp_path))
    rows = body(latex.table(matrix.matrix(family)))[2:]
    assert rows == [r"GAN & 50.00 (1--2) & \textbf{3.00 (1--2)} \\", r"WGAN & \textbf{40.00 (1--2)} & 4.00 (1--2) \\"]


def test_failed_methods_and_single_ones_are_not_bold(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {10: 1.0})
    assert "textbf" not in latex.table(for_paper.ranking(ranked(tmp_path)[0]))
    for name in ("b", "c"):
        make_run(tmp_path / "failed" / name, {10: float("nan")}, model=name.upper(), status="failed")
    assert "textbf" not in latex.table(for_paper.ranking(ranked(tmp_path / "failed")[0]))


@pytest.mark.slow
def test_latex_compiles_the_tables_and_nothing_is_too_wide(tmp_path: Path) -> None:
    """By tectonic or pdflatex, whichever is there; a table wider than the page would be an overfull box."""
    program = next(filter(None, map(shutil.which, ("pdflatex", "tectonic"))), None)
    if program is None:
        pytest.skip("there is neither pdflatex nor tectonic: apt-get install texlive-latex-recommended")
    folder = two_runs(tmp_path / "runs" / "real")
    add_score(folder / "GAN", 100, 50.0, PROTOCOL, metric="kid_500")
    odd_study(tmp_path / "runs" / "odd")
    build([tmp_path / "runs"], tmp_path / "report.html")
    (table,) = ranked(two_methods(tmp_path / "pairs"))
    (tmp_path / "pairs.tex").write_text(latex.table(for_paper.comparisons(table)))
    inputs = "\\input{results.tex}\n\\input{pairs.tex}"
    head = "\\documentclass[a4paper]{article}\n\\usepackage[margin=25mm]{geometry}\n\\usepackage{booktabs}\n"
    (tmp_path / "paper.tex").write_text(f"{head}\\begin{{document}}\n{inputs}\n\\end{{document}}\n")
    arguments = ["-halt-on-error", "-interaction=nonstopmode"] if program.endswith("pdflatex") else ["--keep-logs"]
    done = subprocess.run([program, *arguments, "paper.tex"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert "Overfull" not in log and "Missing character" not in log, log
