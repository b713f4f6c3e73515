"""From a study to its cells."""

from collections.abc import Callable

import pytest
import yaml

from gan_zoo.commands.study_check import chosen
from gan_zoo.studies.expand import Cell, cell_name, hashed, merged

Cells = Callable[..., list[Cell]]
MATRIX = {"data.batch_size": [32, 64], "seed": [0, 1]}


def test_cells_are_methods_times_matrix_without_what_is_excluded(cells: Cells) -> None:
    names = [cell.name for cell in cells(matrix=MATRIX, exclude=[{"method": "gan", "seed": 1}, {"seed": 0}])]
    assert names == ["lsgan-batch_size=32-s1", "lsgan-batch_size=64-s1"]


def test_a_cell_is_the_base_with_everything_laid_over_it(cells: Cells) -> None:
    made = cells(
        matrix=MATRIX,
        methods={"wgan_gp": {"model": "WGANGP", "model.n_critic": 2, "data": {"init_args": {"root": "here"}}}},
        evaluate={"extractor": "lenet", "every": 5},
        resources={"devices": 2},
    )
    assert made[3] == Cell(
        name="wgan_gp-batch_size=64-s1",
        method="wgan_gp",
        settings={"data.batch_size": 64, "seed": 1},
        config={
            "model": {"class_path": "WGANGP", "init_args": {"architecture": "mlp", "width": [4], "n_critic": 2}},
            "data": {"class_path": "datamodules.mnist.MNIST", "init_args": {"root": "here", "batch_size": 64}},
            "trainer": {"max_steps": 3, "accelerator": "cpu", "devices": 2},
            "evaluation": {"extractor": "lenet", "split": "test", "every": 5},
            "grids": {"count": 1},
            "seed": 1,
            "max_images": 0,
            "max_seconds": 0,
        },
        hash=made[3].hash,
    )


@pytest.mark.parametrize(
    ("budget", "lengths"),
    [
        ({"steps": 9}, (9, 0, 0)),
        ({"images": 9}, (-1, 9, 0)),
        ({"seconds": 9}, (-1, 0, 9)),
        ({"seconds": 0.5}, (-1, 0, 0.5)),
    ],
)
def test_the_budget_alone_ends_a_run(cells: Cells, budget: dict[str, float], lengths: tuple[float, ...]) -> None:
    config = cells(budget=budget)[0].config
    assert (config["trainer"]["max_steps"], config["max_images"], config["max_seconds"]) == lengths


def test_a_study_without_seeds_has_the_base_s(cells: Cells) -> None:
    assert [cell.name for cell in cells(matrix={"model.n_critic": [1, 2]})][:2] == [
        "gan-n_critic=1-s0",
        "gan-n_critic=2-s0",
    ]
    assert cells(matrix={"model.n_critic": [1]}, settings={"seed": 5})[0].settings == {"model.n_critic": 1, "seed": 5}


def test_merging_leaves_what_it_is_given_as_it_is() -> None:
    base = {"model": "GAN", "trainer": {"max_steps": 3}}
    over = {"model.width": [4], "trainer": {"devices": 2}, "grids.every": 5}
    assert merged(base, over) == {
        "model": {"class_path": "GAN", "init_args": {"width": [4]}},
        "trainer": {"max_steps": 3, "devices": 2},
        "grids": {"every": 5},
    }
    assert base == {"model": "GAN", "trainer": {"max_steps": 3}}
    assert over == {"model.width": [4], "trainer": {"devices": 2}, "grids.every": 5}


def test_what_is_laid_over_replaces_lists_and_numbers_as_a_whole() -> None:
    assert merged({"a": [1, 2], "b": {"c": 1}}, {"a": [3]}) == {"a": [3], "b": {"c": 1}}
    assert merged({"b": {"c": 1}}, {"b": None}) == {"b": None}
    assert merged({"model": {"class_path": "GAN"}}, {"model.class_path": "LSGAN"}) == {"model": {"class_path": "LSGAN"}}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"seed": 1}, "m-s1"),
        ({"model.width": [64, 64], "seed": 1}, "m-width=64_64-s1"),
        ({"model.latent_dim": 3, "other.latent_dim": 4}, "m-model.latent_dim=3-other.latent_dim=4-s1"),
        ({"model.architecture": "../my package:net"}, "m-architecture=my_package_net-s1"),
        ({"model.learning_rate": 1e-5}, "m-learning_rate=1e-05-s1"),
        ({"init": None}, "m-init=null-s1"),
        ({"init": ""}, "m-init=empty-s1"),
    ],
)
def test_a_name_can_be_a_directory_s(settings: dict[str, object], name: str) -> None:
    assert cell_name("m", settings, 1) == name


def test_a_hash_is_of_the_content(cells: Cells) -> None:
    before = {cell.name: cell.hash for cell in cells()}
    assert len(set(before.values())) == 4
    grown = {
        cell.name: cell.hash
        for cell in cells(methods={"gan": {}, "lsgan": {"model": "LSGAN"}, "new": {"seed": 9, "model.n_critic": 2}})
    }
    assert {name: grown[name] for name in before} == before
    edited = {
        cell.name: cell.hash for cell in cells(methods={"gan": {}, "lsgan": {"model": "LSGAN", "model.n_critic": 2}})
    }
    assert {name for name in before if edited[name] != before[name]} == {"lsgan-s0", "lsgan-s1"}
    assert hashed({"a": {"b": 1, "c": [2]}, "d": 3}) == hashed({"d": 3, "a": {"c": [2], "b": 1}})
    assert hashed({"a": 1}) != hashed({"a": "1"})


def test_a_hash_is_kept_by_the_file(cells: Cells) -> None:
    for cell in cells(settings={"model.learning_rate": 1e-5, "model.betas": [0.5, 0.9]}):
        assert hashed(yaml.safe_load(yaml.safe_dump(cell.config))) == cell.hash


def test_few_cells_are_tried_and_show_every_pair_and_every_value(cells: Cells) -> None:
    made = cells(matrix={"data.batch_size": [1, 2, 3, 4], "seed": [0, 1]})
    taken = chosen(made)
    assert [cell.name for cell in taken] == [
        *("gan-batch_size=1-s0", "gan-batch_size=1-s1", "gan-batch_size=2-s0", "gan-batch_size=3-s0"),
        *("gan-batch_size=4-s0", "lsgan-batch_size=1-s0"),
    ]
    assert len(made) == 16
