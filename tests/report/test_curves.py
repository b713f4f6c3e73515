"""Curves: means and ranges by hand, and what thinning keeps."""

import math
from pathlib import Path

from gan_zoo.report import curves, grouping, rank
from gan_zoo.report.collect import collect
from gan_zoo.report.curves import POINTS, band, thin
from tests.report.made import make_run, two_methods


def test_curves_hold_every_run_and_mean_and_range_of_finished_ones(tmp_path: Path) -> None:
    groups = grouping.group(collect([two_methods(tmp_path / "s")]))
    a, b = curves.scores(rank.tables(groups)[0], groups)["groups"]
    assert [run["points"][1] for run in a["runs"]] == [[50, 500, 5.0, 8.0], [50, 500, 5.0, 20.0]]
    assert a["mean"] == [
        [0, 0, 0, 102, 100, 104],
        [50, 500, 5, 14, 8, 20],
        [100, 1000, 10, 12, 10, 14],
    ]
    assert [run["name"] for run in b["runs"]] == ["b-s0", "b-s1"]


def test_a_band_takes_shared_steps_and_leaves_gaps() -> None:
    one: curves.Course = [[0, 0, 0.0, 1.0], [10, 100, 1.0, None], [20, 200, 2.0, 4.0]]
    two: curves.Course = [[0, 0, 0.0, 3.0], [10, 100, 3.0, 5.0]]
    assert band([one, two]) == [[0, 0, 0, 2, 1, 3], [10, 100, 2, None, None, None]]
    assert band([]) == []


def test_thinning_keeps_both_ends_and_every_peak() -> None:
    points: curves.Course = [[i, i, i, math.sin(i / 300)] for i in range(10_000)]
    points[4321][3], points[8765][3] = 50.0, -50.0
    points[5000][3] = None
    kept = thin(points, POINTS)
    assert len(kept) <= POINTS and kept[0] == points[0] and kept[-1] == points[-1]
    assert points[4321] in kept and points[8765] in kept
    assert [point[0] for point in kept] == sorted(point[0] for point in kept if point[0] is not None)
    assert thin(points[:POINTS], POINTS) == points[:POINTS]


def test_a_stretch_without_numbers_stays_a_gap() -> None:
    points: curves.Course = [[i, i, i, None if 2000 <= i < 8000 else 1.0] for i in range(10_000)]
    assert [point[3] for point in thin(points, POINTS)].count(None) > POINTS // 4


def test_events_have_the_images_and_seconds_of_their_step(tmp_path: Path) -> None:
    make_run(tmp_path / "x", {0: 3.0, 100: 1.0}, events=[{"step": 25, "kind": "collapse", "message": "all alike"}])
    (one,) = grouping.group(collect([tmp_path]))
    assert curves.events(one) == [
        {"run": "x", "at": [25, 250.0, 2.5], "kind": "collapse", "message": "all alike"},
    ]


def test_losses_and_speed(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "x", {})
    lines = ['{"step": 1, "images": 2, "seconds": 3, "generator/x": 4, "images_per_second": 5}', '{"step": 2}']
    (folder / "metrics.jsonl").write_text("\n".join(lines))
    groups = grouping.group(collect([tmp_path]))
    (term,) = curves.losses(0, groups[0])["terms"]
    assert (term["name"], term["runs"][0]["points"]) == ("generator/x", [[1, 2, 3, 4], [2, None, None, None]])
    (speed,) = curves.speed(groups)["groups"]
    assert speed["runs"][0]["points"][0] == [1, 2, 3, 5]
