"""The reader of every catalogue entry reads it, and every set that a YAML names has an entry."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonargparse import ArgumentParser

import datamodules
from datamodules.catalogue import CATALOGUE, Entry
from datamodules.multi_domain import MultiDomain
from datamodules.stream import SourcedData, StreamedData
from datamodules.unpaired_sets import UnpairedSets

ROOT = Path(__file__).parents[2]
EXPERIMENTS = [
    file for file in sorted((ROOT / "experiments").rglob("*.yaml")) if "data" in yaml.safe_load(file.read_text())
]
every_entry = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)


def reader(entry: Entry) -> type[StreamedData]:
    module, _, name = entry.reader.rpartition(".")
    return getattr(importlib.import_module(module), name)


@every_entry
def test_the_reader_takes_the_arguments(entry: Entry) -> None:
    assert issubclass(reader(entry), StreamedData)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(reader(entry), "data")
    parsed = parser.parse_args(entry.options(Path("data"))[2:])
    assert {key: parsed["data"][key] for key in entry.arguments} == entry.arguments


@every_entry
def test_an_entry_tells_users_what_they_need(entry: Entry) -> None:
    assert entry.images and entry.licence and entry.layout
    assert not entry.here or entry.address.startswith("http")
    assert not entry.here or entry.layout.startswith(entry.here.partition("*")[0].rstrip("/")), (
        "`here` is part of the layout"
    )


def readers() -> set[type]:
    classes: set[type] = set()
    for module in pkgutil.iter_modules(datamodules.__path__, "datamodules."):
        members = vars(importlib.import_module(module.name)).values()
        classes |= {member for member in members if isinstance(member, type) and issubclass(member, StreamedData)}
    return classes - {StreamedData, SourcedData, MultiDomain, UnpairedSets}


def test_every_data_module_reads_an_entry() -> None:
    assert {reader(entry) for entry in CATALOGUE.values()} == readers()


def named(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield class and arguments of every data module in the `data` of a YAML, also of those inside another."""
    if isinstance(data, str):
        yield data.rpartition(".")[2], {}
    elif isinstance(data, dict) and "class_path" in data:
        arguments = data.get("init_args", {})
        parts = [*arguments.get("sets", ()), *(value for value in arguments.values() if isinstance(value, dict))]
        if parts:
            yield from (inner for part in parts for inner in named(part))
        else:
            yield data["class_path"].rpartition(".")[2], arguments


OWN = "data/few_styles/"
"""Folder of the user's own pictures, which have no entry."""


def is_of(entry: Entry, kind: str, arguments: dict[str, Any]) -> bool:
    """Return whether a YAML means this entry: the class is its reader, and no argument contradicts the entry's.

    An experiment may leave MNIST's root out; the experiment chooses whether edges or shoes are the source.
    """
    fixed = {key: value for key, value in entry.arguments.items() if key != "direction"}
    same = (arguments.get(key, value) == value for key, value in fixed.items())
    return entry.reader.rpartition(".")[2] == kind and all(same)


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_set_of_a_yaml_has_an_entry(file: Path) -> None:
    data_modules = list(named(yaml.safe_load(file.read_text())["data"]))
    assert data_modules
    for kind, arguments in data_modules:
        if OWN in str(arguments):
            continue
        assert any(is_of(entry, kind, arguments) for entry in CATALOGUE.values()), (kind, arguments)


def test_a_yaml_of_an_unknown_set_is_noticed() -> None:
    lsun = {"class_path": "LSUN", "init_args": {"root": "data/lsun", "category": "cat"}}
    sets = {"class_path": "MultiDomain", "init_args": {"sets": [lsun, "CelebA"]}}
    assert [kind for kind, _ in named(sets)] == ["LSUN", "CelebA"]
    side_by_side = {
        "class_path": "UnpairedSets",
        "init_args": {"a": lsun, "b": {"class_path": "MNIST"}, "batch_size": 4},
    }
    assert [kind for kind, _ in named(side_by_side)] == ["LSUN", "MNIST"]
    assert is_of(CATALOGUE["lsun_cat"], "LSUN", lsun["init_args"])
    assert not is_of(CATALOGUE["lsun_cat"], "LSUN", {"root": "data/lsun", "category": "spoon"})
    assert not is_of(CATALOGUE["lsun_cat"], "CelebA", {})


def test_a_set_is_here_when_its_files_are(tmp_path: Path) -> None:
    entry = CATALOGUE["lsun_bedroom"]
    (tmp_path / "lsun/bedroom_train_lmdb").mkdir(parents=True)
    assert not entry.is_here(tmp_path)
    (tmp_path / "lsun/bedroom_train_lmdb/data.mdb").touch()
    assert entry.is_here(tmp_path)
    assert CATALOGUE["gaussians_ring"].is_here(tmp_path)  # needs no file


@pytest.mark.parametrize("name", ["mnist", "celeba", "facades", "horse2zebra"])
def test_what_lies_in_its_layout_is_read(name: str, shared: Path) -> None:
    entry, folder = CATALOGUE[name], shared / "data"
    assert entry.is_here(folder)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(reader(entry), "data")
    data = parser.instantiate(parser.parse_args(entry.options(folder)[2:]))["data"]
    count = {"mnist": 60_000, "celeba": 10_000, "facades": 400, "horse2zebra": 600}[name]
    if isinstance(data, SourcedData):
        counts = {source.where(0).rpartition("/")[0]: len(source) for source in data.sources().values()}
        assert sum(counts.values()) == count
    else:
        data.setup("fit")
        assert len(data.images) == count
