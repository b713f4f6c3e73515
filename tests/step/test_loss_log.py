"""The running means of the loss terms."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import NonFinite
from gan_zoo.step.loss_log import MOST_PENDING, Ledger


def noted(*lines: tuple[int, dict[str, float]]) -> Ledger:
    ledger = Ledger()
    for step, terms in lines:
        add(ledger, step, **terms)
    return ledger


def add(ledger: Ledger, step: int, **terms: float) -> None:
    ledger.add(step, tuple(terms), torch.tensor(list(terms.values())))


def test_close_gives_the_mean_of_each_term_over_its_own_updates():
    """Five discriminator updates to one of the generator's: each term is divided by its own count."""
    ledger = noted(*[(0, {"critic": float(i), "penalty": 2.0}) for i in range(5)], (0, {"generator": -1.0}))
    assert ledger.close() == {"critic": 2.0, "penalty": 2.0, "generator": -1.0}


def test_close_starts_anew():
    ledger = noted((0, {"a": 4.0}))
    ledger.close()
    assert ledger.close() == {}
    add(ledger, 1, a=1.0)
    assert ledger.close() == {"a": 1.0}


# Added up in another order, or in float32, these end on other bits.
VALUES = [0.1, 1e8, 0.3, -1e8, 1e-3, 7.7, 1e6, 0.1] * 4


@pytest.mark.parametrize("reads", [(), (1,), (3, 4, 9), tuple(range(32))], ids=str)
def test_sums_are_the_same_to_the_last_bit_whatever_is_read_between(reads):
    expected = 0.0
    for value in VALUES:
        expected += torch.tensor(value).item()
    ledger = Ledger()
    for i, value in enumerate(VALUES):
        add(ledger, i, loss=value)
        if i in reads:
            ledger.state()
    assert ledger.close() == {"loss": expected / len(VALUES)}


@pytest.mark.parametrize("cut", [0, 1, 17, 32])
def test_sums_go_on_to_the_last_bit_from_a_saved_state(cut):
    whole, first = noted(*[(0, {"loss": v}) for v in VALUES]), noted(*[(0, {"loss": v}) for v in VALUES[:cut]])
    second = Ledger()
    add(second, 0, loss=99.0)  # what was there before is gone
    second.load(first.state(), rank=0)
    for value in VALUES[cut:]:
        add(second, 0, loss=value)
    assert second.close() == whole.close()


def test_state_is_plain_numbers_that_a_safe_loader_takes():
    state = noted((3, {"a": 1.5}), (4, {"a": 2.5, "b": 1.0})).state()
    assert state == [{"sum:a": 4.0, "sum:b": 1.0, "count:a": 2.0, "count:b": 1.0}]


def test_sums_of_several_processes_go_to_the_first_where_there_is_now_one():
    states = [noted((0, {"a": 1.0})).state()[0], noted((0, {"a": 4.0}), (1, {"a": 4.0})).state()[0]]
    first, second = Ledger(), Ledger()
    first.load(states, rank=0)
    second.load(states, rank=1)
    assert first.close() == {"a": 3.0}
    assert second.close() == {}


def test_a_full_ledger_reads_itself_and_loses_nothing():
    ledger = Ledger()
    for i in range(MOST_PENDING + 2):
        add(ledger, i, a=float(i))
    assert len(ledger._pending) == 2
    assert_close(ledger.close()["a"], (MOST_PENDING + 1) / 2)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("reads", [False, True])
def test_non_finite_term_is_named_with_its_first_step(bad, reads):
    ledger = Ledger()
    for step, terms in [(6, {"fine": 1.0, "penalty": 1.0}), (7, {"fine": 1.0, "penalty": bad})]:
        add(ledger, step, **terms)
    if reads:
        ledger.state()
    add(ledger, 8, fine=bad, penalty=bad)
    with pytest.raises(NonFinite, match="term penalty was not finite at step 7"):
        ledger.check()
    with pytest.raises(NonFinite, match="term penalty was not finite at step 7"):
        ledger.close()


def test_finite_terms_pass():
    ledger = noted((0, {"a": 3e38}))
    ledger.check()
    assert_close(ledger.close()["a"], 3e38)
