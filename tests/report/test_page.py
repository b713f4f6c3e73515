"""The page as text: what stands in it, and what cannot break out of it. What a browser makes of it: test_browser.py."""

import json
import re
from pathlib import Path

from gan_zoo.report import build, grouping, page, rank
from gan_zoo.report.collect import collect
from gan_zoo.report.page import script_json
from tests.report.made import PROTOCOL, add_score, make_run, make_study, two_methods
from tests.report.test_tables import ROWS

ODD = "</script><script>alert('ü 数')</script>"


def written(*folders: Path) -> str:
    out = folders[0].parent / "report.html"
    build(list(folders), out)
    return out.read_text()


def described(folder: Path) -> dict:
    results = collect([folder])
    groups = grouping.group(results)
    ranked = rank.tables(groups)
    return page.describe("title", results, rank.best_first(groups, ranked), ranked)


def drawn(html: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def odd_study(folder: Path) -> Path:
    """Names that would break out of HTML or of a script, NaN, a failed run, and a cell that did not start."""
    make_run(folder / "x-s0", {0: 9.0, 10: 4.0, 20: float("nan"), 30: 3.0}, config={"note": ODD})
    seen = [{"step": 0, "kind": ODD, "message": ODD}]
    make_run(folder / "x-s1", {0: 9.0}, seed=1, status="failed", error=ODD, events=seen)
    (folder / "x-s1" / "log.txt").write_text(f"first\n{ODD}\nlast line of the log\n")
    with open(folder / "x-s0" / "metrics.jsonl", "a") as stream:
        stream.write('{"step": 40, "generator/x": NaN, "generator/</script>": Infinity}\n{"step": 5')
    cells = {f"x-s{seed}": {"method": ODD, "settings": {"seed": seed}} for seed in (0, 1)}
    return make_study(folder, cells | {"x-s2": {"method": ODD, "status": "waiting"}})


def test_the_page_shows_ranking_failure_differences_and_grids(tmp_path: Path) -> None:
    html = written(two_methods(tmp_path / "s"))
    for cell in (cell for row in ROWS for cell in row):
        assert f">{cell}<" in html, cell
    assert "Loss was nan &amp; &lt;odd&gt;." in html
    assert "<code>model.<wbr>n_critic</code>" in html and "<code>seed</code>" not in html
    assert html.count('src="data:image/png') == 2  # the last ones; the others are in the data
    assert "Protocol: extractor lenet · data mnist_test_10k" in html


def test_one_json_is_behind_it(tmp_path: Path) -> None:
    folder = two_methods(tmp_path / "s")
    add_score(folder / "a-s0", 100, 5.0, PROTOCOL, metric="kid_500")
    one = described(folder)
    assert json.loads(json.dumps(one, allow_nan=False)) == one
    assert page.render(json.loads(json.dumps(one))) == page.render(one)


def test_what_the_first_table_says_in_words(tmp_path: Path) -> None:
    two_methods(tmp_path / "s")
    assert " ".join(described(tmp_path / "s")["lead"]) == (
        "a has the lowest fd_lenet at its last step: 12.00  ± 2.83 over 2 seeds No other method is told apart from it."
    )
    make_run(tmp_path / "t", {}, status="running")
    assert "No run has a score yet." in written(tmp_path / "t")


def test_settings_that_differ_name_whose_they_are(tmp_path: Path) -> None:
    (found,) = [one for one in described(two_methods(tmp_path / "s"))["differences"] if "n_critic" in one["setting"]]
    assert found["values"] == [{"value": "–", "groups": [0]}, {"value": "5", "groups": [1]}]


def test_failures_show_the_last_lines_of_their_log(tmp_path: Path) -> None:
    folder = two_methods(tmp_path / "s")
    (folder / "b-s1" / "log.txt").write_text("".join(f"line {i}\n" for i in range(40)))
    (trouble,) = described(folder)["troubles"]
    assert (trouble["name"], trouble["error"]) == ("b-s1", "Loss was nan & <odd>.")
    assert trouble["log"] == [f"line {i}" for i in range(28, 40)]


def test_odd_names_break_nothing(tmp_path: Path) -> None:
    html = written(odd_study(tmp_path / "s"))
    assert ODD not in html and "alert('ü" not in html
    assert html.count("</script>") == 2 and "&lt;/script&gt;" in html
    assert "NaN" not in json.dumps(drawn(html))


def test_a_record_of_an_older_version(tmp_path: Path) -> None:
    """No images, no protocol, other types than today's: the run is shown as damaged, with the reason."""
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "run.json").write_text('{"status": "finished", "seed": [1], "versions": "2.0", "events": {}, "git": 7}')
    (folder / "metrics.jsonl").write_text('{"step": 5, "seconds": "3"}\n{"step": true}\n')
    (folder / "evaluations.jsonl").write_text('{"step": 5, "metric": null, "value": 3}\n{"step": 6, "value": "x"}\n')
    html = written(folder)
    assert "old" in html and "damaged" in html and "run.json" in html


def test_json_inside_a_script_ends_nothing() -> None:
    value = {"</script>": "<!-- & \u2028 ü"}
    text = script_json(value)
    assert not set("<>&\u2028ü") & set(text) and json.loads(text) == value
