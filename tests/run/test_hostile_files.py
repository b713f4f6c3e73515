"""Files of a run that may come from anywhere: readers either take them or name the file in one line, and never hang."""

import itertools
import json
import os
import random
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file

from gan_zoo.errors import Mistake
from gan_zoo.report import build
from gan_zoo.run.directory import Run, runs
from gan_zoo.run.reading import Damaged
from gan_zoo.studies.board import recorded
from gan_zoo.training import loading, resume
from tests.commands.conftest import Command, Refused
from tests.commands.conftest import command as command  # the fixtures
from tests.commands.conftest import refused as refused
from tests.report.made import make_run, make_study

LONGEST = 1.0  # seconds that a reader may take for one file
ODD = (
    *(
        None,
        True,
        -1,
        0,
        10**400,
        -(10**30),
        1e308,
        10**17,
        "",
        "x" * 5000,
        "\ud800",
        "\x1b[31m",
        "../../x",
        "0001-01-01",
    ),
    *([], {}, [[]], {"": None}, [1, "a", None], {"a": {"b": [1]}}, "9999-12-31T23:59:59+00:00", "running", "gan_zoo"),
)
RAW = (
    *(
        b"",
        b"\0" * 300,
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 5000,
        b"1" * 10_000,
        b"NaN",
        b"null",
    ),
    *(
        b'{"step": ' + b"9" * 400 + b"}\n",
        b'{"step": 1e999}\n',
        b"&a {a: *a}",
        b"a: [",
        b"!!python/object:os.system {}",
    ),
    b"a: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (i, i, b",".join([b"*%c" % (i - 1)] * 9)) for i in range(98, 108)),
)


def altered(value: object, draw: random.Random) -> object:
    """Return `value` with one of its entries, at any depth, removed, renamed or replaced."""
    if not isinstance(value, dict | list) or not value or draw.random() < 0.1:
        return draw.choice(ODD)
    entries = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    key = draw.choice(list(entries))
    if draw.random() < 0.15:
        del entries[key]
    else:
        entries[key] = altered(entries[key], draw)
    if isinstance(value, list):
        return list(entries.values())
    return entries | ({str(draw.choice(ODD)): draw.choice(ODD)} if draw.random() < 0.1 else {})


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return `content` with a few bytes flipped, cut out, doubled or replaced by something hostile."""
    for _ in range(draw.randint(1, 3)):
        first = draw.randrange(len(content) + 1)
        last = min(len(content), first + draw.choice((1, 2, 8, 100)))
        middle = draw.choice(
            (
                b"",
                bytes(draw.randrange(256) for _ in range(last - first)),
                content[first:last] * 2,
                draw.choice(RAW)[:999],
            )
        )
        content = content[:first] + middle + content[last:]
    return content


def variants(file: Path, count: int) -> Iterator[bytes]:
    """Yield hostile contents for a file: fixed ones, then `count` seeded changes of its structure or of its bytes."""
    draw, content = random.Random(file.name), file.read_bytes()
    yield from RAW
    for _ in range(count):
        if file.suffix in (".json", ".jsonl") and draw.random() < 0.7:
            lines = content.splitlines() if file.suffix == ".jsonl" else [content]
            values = [json.loads(line) for line in lines]
            place = draw.randrange(len(values))
            values[place] = altered(values[place], draw)
            yield "\n".join(map(json.dumps, values)).encode() + b"\n"
        elif file.suffix == ".yaml" and draw.random() < 0.7:
            yield json.dumps(altered(yaml.safe_load(content), draw)).encode()  # JSON is YAML
        else:
            yield mutated(content, draw)


def quickly(reader: Callable[[], object], content: bytes) -> None:
    """Call a reader, which may raise a Mistake of one line and nothing else, within `LONGEST` of CPU."""
    start = time.process_time()
    try:
        reader()
    except Mistake as mistake:
        assert "\n" not in str(mistake) and len(str(mistake)) < 1000, mistake
    assert time.process_time() - start < LONGEST, content[:100]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of two runs: `a`, whose files are damaged, and `b`."""
    for name in ("a", "b"):
        event = {"step": 5, "kind": "saturated", "message": "x"}
        status, beat = "running" if name == "a" else "finished", "2026-01-01T00:00:00+00:00"
        make_run(tmp_path / "s" / name, {0: 9.0, 10: 5.0}, status=status, heartbeat=beat, events=[event])
    return make_study(tmp_path / "s", {name: {"method": name, "hash": "abc"} for name in ("a", "b")})


RECORDS = ("a/run.json", "a/metrics.jsonl", "a/evaluations.jsonl", "a/config.yaml", "study.json")


@pytest.mark.parametrize("name", RECORDS)
def test_no_content_of_a_record_is_more_than_a_mistake(name: str, folder: Path) -> None:
    file, run = folder / name, Run(folder / "a")
    readers: list[Callable[[], object]] = [run.config, run.has_begun, run.exists, lambda: recorded(folder)]
    readers += [lambda: resume.refuse_unlike(run, {}, 3)]
    for number, content in enumerate(variants(file, 100)):
        file.write_bytes(content)
        quickly(lambda: runs(folder), content)
        rows = runs(folder)
        assert len(rows) == 2 and rows[1]["status"] == "finished" and rows[1]["value"] == 5.0, "b is shown as it is"
        assert rows[0]["run"] == str(run.path)
        f"{rows[0]['status']:<12} {rows[0]['step']:>8} {rows[0]['seconds']:>8.0f} {rows[0]['value'] or 0:.4g}"
        for reader in readers:
            quickly(reader, content)
        if number % 40 == 0:
            build([folder], folder.parent / str(number) / "page.html")


@pytest.mark.parametrize("name", RECORDS[:4])
@pytest.mark.parametrize("kind", ["directory", "pipe", "link", "huge", "lines of nothing"])
def test_what_is_no_plain_file_is_shown_as_damage(
    name: str, kind: str, folder: Path, command: Command, refused: Refused
) -> None:
    file = folder / name
    file.rename(folder.parent / "elsewhere")
    if kind == "directory":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "link":
        file.symlink_to(folder.parent / "elsewhere")
    else:
        file.write_bytes(b"17\n[]\n" * 10)
        if kind == "huge":
            os.truncate(file, 1 << 40)  # a hole, which takes no room
    shown = command("status", folder)
    damaged, whole = [line for line in shown.out.splitlines() if line.startswith(str(folder))][:2]
    assert shown.code == 0 and "finished" in whole
    if file.suffix != ".yaml":  # status does not read it
        assert "damaged" in damaged and shown.out.splitlines()[-1].startswith(str(file))
    result = command("report", folder, "--out", folder.parent / "page.html")
    page = (folder.parent / "page.html").read_text()
    assert result.code == 0, result
    if (file.suffix, kind) != (".jsonl", "lines of nothing"):
        assert str(file) in page and "damaged" in page
    if kind in ("directory", "pipe"):
        again = refused("fit", "-c", "mnist/gan", "--run", folder / "a", "--trainer.max_steps", 1)
        assert str(file) in again and "move it away" in again


def test_a_record_cannot_name_another_run(folder: Path, command: Command) -> None:
    content = {"run": str(folder / "b"), "status": "failed", "heartbeat": "2026-01-01T00:00:00+00:00"}
    (folder / "a" / "run.json").write_text(json.dumps(content))
    assert [row["run"] for row in runs(folder)] == [str(folder / "a"), str(folder / "b")]
    assert command("runs", "rm", "--failed", folder, "--yes").code == 0
    assert not (folder / "a").exists() and (folder / "b" / "run.json").exists()


def test_a_study_names_no_place_outside_its_folder(folder: Path) -> None:
    cells = {"a": {"hash": "../../x"}, "../b": {"hash": "abc"}, "b": {"hash": "abc"}}
    (folder / "study.json").write_text(json.dumps({"cells": cells}))
    assert list(recorded(folder)) == ["b"]


HEADER = {
    "model": "gan_zoo.models.gan.GAN",
    "hyperparameters": {"image_shape": [1, 8, 8], "width": [4], "latent_dim": 2, "architecture": "mlp"},
    **{"weights": "last", "seed": 0, "step": 1, "images": 4},
}


def test_no_header_of_a_model_is_more_than_a_mistake(tmp_path: Path) -> None:
    file, draw = tmp_path / "model.safetensors", random.Random(1)
    for _ in range(100):
        save_file({"weight": torch.zeros(1)}, file, {"gan_zoo": json.dumps(altered(HEADER, draw))})
        quickly(lambda: loading.load(file), file.read_bytes())
    whole = file.read_bytes()
    for _ in range(200):
        file.write_bytes(mutated(whole, draw))
        quickly(lambda: loading.load(file), file.read_bytes())


def test_no_checkpoint_is_more_than_a_mistake(tmp_path: Path) -> None:
    file, draw = tmp_path / "x.ckpt", random.Random(2)
    names = ("loops", "callbacks", "hyper_parameters")
    made_by = {"model": HEADER["model"], "seed": 0, "images": 4, "ledger": [{"sum:x": 1.0}]}
    state = {"state_dict": {"weight": torch.zeros(2)}, "gan_zoo": made_by, "global_step": 1, "epoch": 0}
    state |= {name: {} for name in names} | {"optimizer_states": [{}], "lr_schedulers": []}
    for number in itertools.count():
        torch.save(altered(state, draw) if number else state, file)
        for reader in (loading.load, resume.refuse_damaged):
            quickly(lambda reader=reader: reader(file), b"structure")
        if number == 60:
            break
    torch.save(state, file)
    whole = file.read_bytes()
    for _ in range(100):
        file.write_bytes(mutated(whole, draw))
        quickly(lambda: resume.refuse_damaged(file), b"bytes")


def test_a_checkpoint_does_not_grow_when_it_is_read(tmp_path: Path) -> None:
    torch.save({"state_dict": {"weight": torch.zeros(1 << 20)}}, tmp_path / "stored.ckpt")
    with (
        zipfile.ZipFile(tmp_path / "stored.ckpt") as stored,
        zipfile.ZipFile(tmp_path / "small.ckpt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for entry in stored.namelist():
            packed.writestr(entry.replace("stored", "small"), stored.read(entry))
    assert (tmp_path / "small.ckpt").stat().st_size < 20_000
    with pytest.raises(Damaged, match="is compressed"):
        loading.read_checkpoint(tmp_path / "small.ckpt")


@pytest.mark.parametrize("kind", ["directory", "pipe"])
@pytest.mark.parametrize("name", ["x.ckpt", "x.safetensors"])
def test_a_model_is_read_from_plain_files_only(name: str, kind: str, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "run").mkdir()
    place = tmp_path / "run" / name
    place.mkdir() if kind == "directory" else os.mkfifo(place)
    assert name in refused("fit", "-c", "mnist/gan", "--init", place, "--run", "r")
    if kind == "pipe":  # a folder is the directory of a run, for `sample`
        assert f"{name} is a pipe" in refused("sample", place, "--out", "y.png")
