"""The live reader: cursors over files that grow, are cut or replaced, and lines that are thinned."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from gan_zoo.dashboard import courses, follow
from gan_zoo.dashboard.courses import Courses
from gan_zoo.dashboard.follow import Follower
from gan_zoo.dashboard.rows import Watched
from gan_zoo.dashboard.thinning import STRETCHES, Thinned
from gan_zoo.dashboard.watch import Watch
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines, write
from gan_zoo.run.reading import Damaged
from tests.dashboard.serving import wait_for
from tests.report.made import add_score, make_run, make_study


def line(step: int, **values: Any) -> bytes:
    return json.dumps({"step": step, "images": 8 * step, "seconds": step / 10, **values}).encode() + b"\n"


def steps(found: list[dict[str, Any]]) -> list[int]:
    return [one["step"] for one in found]


def all_new(follower: Follower) -> list[int]:
    return [step for _, found in follower.pieces() for step in steps(found)]


def test_each_line_is_read_once_however_the_bytes_arrive(tmp_path: Path) -> None:
    file, draw = tmp_path / "x.jsonl", random.Random(0)
    content = b"".join(line(step, note="é→🙂" * (step % 5)) for step in range(300))
    follower, seen, written = Follower(file), [], 0
    while written < len(content):
        count = draw.randrange(1, 400)  # cuts lines, and letters of several bytes
        with open(file, "ab") as stream:
            stream.write(content[written : written + count])
        written += count
        seen += all_new(follower)
        assert follower.position == content[:written].rfind(b"\n") + 1
    assert seen == list(range(300)) and all_new(follower) == []


def test_a_long_file_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b"".join(map(line, range(500))))
    follower = Follower(file)
    counts = []
    for _ in range(100):
        counts.append(len(follower.advance(most=1000)))
    assert sum(counts) == 500 and max(counts) < 30 and not follower.is_behind


@pytest.mark.parametrize("way", ["resumed", "cut", "written anew", "removed"])
def test_a_file_that_is_another_one_is_read_from_its_beginning(tmp_path: Path, way: str) -> None:
    run = Run(tmp_path)
    for step in range(10):
        run.append(run.metrics_file, {"step": step})
    follower = Follower(run.metrics_file)
    assert all_new(follower) == list(range(10))
    before = follower.generation
    if way == "resumed":  # as `Records` does: lines after the checkpoint go, others follow
        run.drop_after(run.metrics_file, 4)
    elif way == "cut":
        os.truncate(run.metrics_file, 5 * len(b'{"step": 0}\n'))
    elif way == "written anew":  # in place, and longer than before
        run.metrics_file.write_text("".join(json.dumps({"step": step, "x": 1}) + "\n" for step in range(5)) + " " * 99)
    else:
        run.metrics_file.unlink()
        assert all_new(follower) == [] and follower.position == 0
        run.metrics_file.write_bytes(b"".join(line(step) for step in range(5)))
    assert all_new(follower) == [0, 1, 2, 3, 4]
    assert follower.generation > before
    run.append(run.metrics_file, {"step": 5})
    assert all_new(follower) == [5]


def test_a_file_that_replaces_another_is_read_anew_even_if_it_ends_alike(tmp_path: Path) -> None:
    file, end = tmp_path / "x.jsonl", line(5) * 9
    file.write_bytes(b'{"step": 1}\n' + end)
    follower = Follower(file)
    assert all_new(follower) == [1, *[5] * 9]
    write(file, b'{"step": 2}\n' + end)  # as long as the other
    assert all_new(follower) == [2, *[5] * 9]


def test_lines_that_no_run_writes_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MAX_LINE", 1000)
    file = tmp_path / "x.jsonl"
    file.write_bytes(line(1) + b"\xff\n[1]\n{}\n" + b"0" * 5000 + b"\n" + line(2))
    follower = Follower(file)
    found = [one for _ in range(20) for one in steps(follower.advance(most=1200))]
    assert found == [1, 2]
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(Damaged, match="is a link"):
        Follower(tmp_path / "link").advance()


def test_a_thinned_curve_keeps_every_peak_and_both_ends() -> None:
    draw = random.Random(1)
    whole = [{"step": i, "a": draw.gauss(0, 1), "b": None if i < 1000 else draw.random()} for i in range(4000)]
    for place, value in ((137, 50.0), (3001, -50.0), (3998, 49.0)):
        whole[place]["a"] = value
    thinned = Thinned(most=30)
    for one in whole:
        thinned.add(one)
    kept = thinned.lines()
    assert len(kept) <= 30 * 6 and steps(kept) == sorted(steps(kept))
    assert kept[0] is whole[0] and kept[-1] is whole[-1]
    for place in (137, 3001, 3998):
        assert whole[place] in kept
    for name in ("a", "b"):
        numbers = [one[name] for one in whole if one[name] is not None]
        assert {min(numbers), max(numbers)} <= {one[name] for one in kept}
    assert any(one["b"] is None for one in kept if one["step"] < 1000)  # a gap stays a gap
    for first in range(0, 4000, 256):  # 4,000 lines are at most 30 stretches of 256, and each reaches as far
        part = [one["a"] for one in whole[first : first + 256]]
        assert {min(part), max(part)} <= {one["a"] for one in kept}


def test_few_lines_all_stay() -> None:
    thinned = Thinned(most=100)
    for step in range(100):
        thinned.add({"step": step, "a": 0.5})
    assert steps(thinned.lines()) == list(range(100))


def test_a_page_that_is_too_far_behind_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = Courses().of(Watched(make_run(tmp_path / "x", {10: 1.0, 20: 1.0}), tmp_path))
    _, cursor = course.result()
    assert steps(course.after(cursor["generation"], 0)["lines"]) == [10, 20]
    assert course.after(cursor["generation"], cursor["position"] + 1) == {"restart": True}
    monkeypatch.setattr(courses, "AHEAD", cursor["position"] - 1)
    assert course.after(cursor["generation"], 0) == {"restart": True}


def test_a_run_that_is_followed_equals_a_run_that_is_read_whole(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "x", {step: 100 - step for step in range(0, 60, 10)})
    watch = Watch(tmp_path)
    watch.look()
    [watched] = watch.runs.values()
    opened = Courses()
    _, cursor = opened.of(watched).result()
    with open(folder / "metrics.jsonl", "ab") as stream:
        stream.write(line(60, **{"generator/x": 0.25}))
    add_score(folder, 60, 3.0, None)
    news = opened.of(watched).after(cursor["generation"], cursor["position"])
    assert news["lines"] == [{"step": 60, "images": 480, "seconds": 6.0, "generator/x": 0.25}]
    result, cursor = opened.of(watched).result()
    assert result.metrics == list(lines(Run(folder).metrics_file))
    assert [one["value"] for one in result.evaluations] == [100, 90, 80, 70, 60, 50, 3.0]
    assert cursor["position"] == (folder / "metrics.jsonl").stat().st_size
    Run(folder).drop_after(folder / "metrics.jsonl", 30)
    assert opened.of(watched).after(cursor["generation"], cursor["position"]) == {"restart": True}
    assert steps(opened.of(watched).result()[0].metrics) == [10, 20, 30]


def test_no_more_lines_are_kept_of_a_longer_run(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "x", {10: 1.0})
    draw = random.Random(0)
    course, kept = Courses().of(Watched(folder, tmp_path)), []
    for first in (11, 700, 1400, 2100):
        with open(folder / "metrics.jsonl", "ab") as stream:
            for step in range(first, first + 700):
                stream.write(line(step, **{"generator/x": draw.random(), "discriminator/x": draw.random()}))
        kept.append(len(course.result()[0].metrics))
    assert max(kept) <= STRETCHES * 2 * 3  # the ends of a stretch, and two extremes of each of two columns
    assert kept[-1] < kept[0] * 2


def test_runs_come_change_and_go(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.look()

    def news(version: int) -> dict[str, Any]:
        watch.look()
        return json.loads(watch.since(version))

    assert news(0)["rows"] == []
    make_run(tmp_path / "deep" / "er" / "a", {10: 5.0}, status="running", heartbeat="2020-01-01T00:00:00+00:00")
    make_run(tmp_path / ".hidden" / "b", {10: 5.0})
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    first = news(0)
    assert [row["name"] for row in first["rows"]] == ["deep/er/a"]
    assert first["rows"][0]["state"] == "stale" and first["rows"][0]["step"] == 10
    assert news(first["version"])["rows"] == []
    Run(tmp_path / "deep/er/a").append(tmp_path / "deep/er/a/metrics.jsonl", {"step": 25, "images_per_second": 3.0})
    second = news(first["version"])
    assert [(row["step"], row["speed"]) for row in second["rows"]] == [(25, 3.0)]
    (tmp_path / "deep/er/a/run.json").unlink()
    third = news(second["version"])
    assert third["rows"] == [] and third["gone"] == [first["rows"][0]["id"]]
    assert news(0)["rows"] == [] and watch.runs == {}


def test_a_page_of_an_earlier_server_gets_everything(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {10: 5.0})
    earlier = Watch(tmp_path)
    earlier.look()
    wait_for(lambda: Watch(tmp_path).version > earlier.version)
    watch = Watch(tmp_path)
    watch.look()
    news = json.loads(watch.since(earlier.version))
    assert news["whole"] and [row["name"] for row in news["rows"]] == ["a"]
    assert not json.loads(watch.since(news["version"]))["whole"]


def test_time_left_follows_from_the_speed_and_the_length(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", {}, status="running")
    (folder / "config.yaml").write_text("max_images: 1600\ntrainer: {max_steps: 500}\n")
    (folder / "metrics.jsonl").write_bytes(b"".join(line(step) for step in range(10, 110, 10)))
    watched = Watched(folder, tmp_path)
    watched.look({})
    assert watched.row["total"] == 500
    assert watched.row["left"] == 10.0  # 1,600 images are 200 steps of 8, and a step takes 0.1 s


def test_a_study_says_how_far_it_is(tmp_path: Path) -> None:
    make_study(tmp_path / "s", {name: {"status": "waiting"} for name in ("a", "b", "c")} | {"d": {"status": "failed"}})
    make_run(tmp_path / "s" / "a", {10: 1.0})
    watch = Watch(tmp_path)
    watch.look()
    rows = {row["name"]: row for row in json.loads(watch.since(0))["rows"]}
    assert rows["s"]["counts"] == {"finished": 1, "waiting": 2, "failed": 1} and rows["s"]["cells"] == 4
    assert rows["s/a"]["study"] == "s"
