"""Every set in the catalogue is read by the class that it names, and every set that a YAML names is in it."""

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
from datamodules.stream import SourcedData, StreamedData, TwoSidedData
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
def test_its_reader_takes_its_arguments(entry: Entry) -> None:
    assert issubclass(reader(entry), StreamedData)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(reader(entry), "data")
    parsed = parser.parse_args([word for word in entry.options(Path("data"))[2:]])
    assert {key: parsed["data"][key] for key in entry.arguments} == entry.arguments


@every_entry
def test_it_says_what_a_user_needs(entry: Entry) -> None:
    assert entry.images and entry.licence and entry.layout
    assert not entry.here or entry.address.startswith("http")
    assert not entry.here or entry.layout.startswith(entry.here.partition("*")[0].rstrip("/")), "looks for its layout"


def readers() -> set[type]:
    found: set[type] = set()
    for module in pkgutil.iter_modules(datamodules.__path__, "datamodules."):
        members = vars(importlib.import_module(module.name)).values()
        found |= {one for one in members if isinstance(one, type) and issubclass(one, StreamedData)}
    return found - {StreamedData, SourcedData, TwoSidedData, MultiDomain, UnpairedSets}


def test_every_data_module_reads_an_entry() -> None:
    assert {reader(entry) for entry in CATALOGUE.values()} == readers()


def named(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Class and arguments of every data module in the `data` of a YAML, those inside another one too."""
    if isinstance(data, str):
        yield data.rpartition(".")[2], {}
    elif isinstance(data, dict) and "class_path" in data:
        arguments = data.get("init_args", {})
        parts = [*arguments.get("sets", ()), *(one for one in arguments.values() if isinstance(one, dict))]
        if parts:
            yield from (inner for one in parts for inner in named(one))
        else:
            yield data["class_path"].rpartition(".")[2], arguments


OWN = "data/few_styles/"
"""Folders of the user's own pictures, which no catalogue knows."""


def is_of(entry: Entry, kind: str, arguments: dict[str, Any]) -> bool:
    """Whether a YAML means this entry: the class is its reader, and no argument says another thing.

    The digits that come with the package are MNIST's; whether edges or shoes are the source is the experiment's choice.
    """
    told = {key: value for key, value in entry.arguments.items() if key != "direction"}
    same = (arguments.get(key, value) in (value, "bundled") for key, value in told.items())
    return entry.reader.rpartition(".")[2] == kind and all(same)


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_set_of_a_yaml_has_an_entry(file: Path) -> None:
    wanted = list(named(yaml.safe_load(file.read_text())["data"]))
    assert wanted
    for kind, arguments in wanted:
        if OWN in str(arguments):
            continue
        assert any(is_of(entry, kind, arguments) for entry in CATALOGUE.values()), (kind, arguments)


def test_a_yaml_of_an_unknown_set_is_noticed() -> None:
    lsun = {"class_path": "LSUN", "init_args": {"root": "data/lsun", "category": "cat"}}
    sets = {"class_path": "MultiDomain", "init_args": {"sets": [lsun, "CelebA"]}}
    assert [kind for kind, _ in named(sets)] == ["LSUN", "CelebA"]
    beside = {"class_path": "UnpairedSets", "init_args": {"a": lsun, "b": {"class_path": "MNIST"}, "batch_size": 4}}
    assert [kind for kind, _ in named(beside)] == ["LSUN", "MNIST"]
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
        found = {source.where(0).rpartition("/")[0]: len(source) for source in data.sources().values()}
        assert sum(found.values()) == count
    else:
        data.setup("fit")
        assert len(data.images) == count
