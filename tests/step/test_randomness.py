"""Every random number is a function of its purpose."""

import math

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.step import randomness

LAWS = ["normal", "uniform", "sphere"]
CPU = torch.device("cpu")


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("first", "count"),
    [(0, 1), (5, 7), (1023, 1), (1023, 2), (1024, 1), (1000, 1100), (2047, 3), (2999, 1), (0, 3000), (7, 0)],
)
def test_row_depends_on_seed_and_index_alone(law, first, count):
    """Rows are drawn in blocks of 1,024, and the result must not depend on the borders of the blocks."""
    table = randomness.rows(law, 0, 3000, size=3, seed=5)
    assert torch.equal(randomness.rows(law, first, count, size=3, seed=5), table[first : first + count])


def test_rows_do_not_repeat():
    table = randomness.rows("normal", 0, 3000, size=3, seed=5)
    assert len(table.unique(dim=0)) == 3000


def test_another_seed_gives_other_rows():
    assert not torch.equal(randomness.rows("normal", 0, 4, 3, seed=0), randomness.rows("normal", 0, 4, 3, seed=1))


def test_rows_neither_read_nor_move_the_global_random_state():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    rows = randomness.rows("normal", 0, 4, size=3, seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    assert torch.equal(randomness.rows("normal", 0, 4, size=3, seed=5), rows)


def table(source, law):
    """Return 50,000 rows of 4 numbers, from `randomness.rows` or from `randomness.draws`."""
    if source == "rows":
        return randomness.rows(law, 0, 50_000, size=4, seed=0)
    randomness.reseed(CPU, 0)
    return randomness.draws(law, 50_000, size=4, device=CPU)


@pytest.mark.parametrize("source", ["rows", "draws"])
@pytest.mark.parametrize(
    ("law", "second", "fourth"),
    # On the sphere of radius 2 in 4 dimensions x² is 4 Beta(1/2, 3/2): mean 1, mean square 16 (3/4) / 6 = 2.
    [("normal", 1.0, 3.0), ("uniform", 1 / 3, 1 / 5), ("sphere", 1.0, 2.0)],
)
def test_latents_have_the_moments_of_their_law(source, law, second, fourth):
    values = table(source, law).double()
    # 200,000 values: five standard errors are 0.011, 0.016 and 0.11 for the normal law, and less for the others.
    assert_close(values.mean().item(), 0.0, atol=0.012, rtol=0)
    assert_close(values.square().mean().item(), second, atol=0.016, rtol=0)
    assert_close(values.pow(4).mean().item(), fourth, atol=0.11, rtol=0)
    correlations = values.T @ values / len(values) - second * torch.eye(4)
    assert_close(correlations, torch.zeros(4, 4, dtype=torch.float64), atol=0.032, rtol=0)  # per column: half as many


@pytest.mark.parametrize("source", ["rows", "draws"])
def test_uniform_latents_fill_minus_one_to_one(source):
    values = table(source, "uniform")
    assert values.min() >= -1 and values.max() < 1
    assert values.min() < -0.999 and values.max() > 0.999


@pytest.mark.parametrize("size", [2, 64, 512])
@pytest.mark.parametrize("source", ["rows", "draws"])
def test_latents_of_the_sphere_have_length_root_of_their_size(source, size):
    latents = randomness.rows("sphere", 0, 9, size, 0) if source == "rows" else randomness.draws("sphere", 9, size, CPU)
    assert_close(latents.norm(dim=1), torch.full((9,), math.sqrt(size)))


def test_different_parts_give_different_keys():
    """This includes parts whose characters joined are the same, and rank and step in exchanged places."""
    parts = [(1, 23), (12, 3), (123,), ("1", 23), (1, "23"), (0, "step", 0, 1), (0, "step", 1, 0), (1, "step", 0, 0)]
    parts += [(0, "rows", 0), (0, "step", 0), ()]
    parts += [(0, "step", rank, step) for rank in range(8) for step in range(2, 2000)]
    keys = {randomness.key(*some) for some in parts}
    assert len(keys) == len(parts)
    assert all(0 <= key < 2**63 for key in keys), "torch takes them as seeds"


def test_key_is_the_same_in_every_process_and_version():
    """Python's `hash` of a string would differ from process to process. A changed key would change all runs."""
    assert randomness.key(0, "step", 0, 0) == 4542949739309568895


def test_reseeding_equals_manual_seed():
    torch.manual_seed(77)
    expected = torch.randn(5)
    torch.randn(3)
    randomness.reseed(CPU, 77)
    assert torch.equal(torch.randn(5), expected)


def test_earlier_draws_do_not_matter_after_reseeding():
    """This includes the second value of a pair of normal values, which the generator keeps for the next draw."""
    randomness.reseed(CPU, 1)
    expected = torch.randn(1), torch.rand(1)
    for drawn in range(4):
        torch.randn(drawn)
        randomness.reseed(CPU, 1)
        assert (torch.randn(1), torch.rand(1)) == expected
