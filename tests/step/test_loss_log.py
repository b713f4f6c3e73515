"""The log of loss terms: means, saved state, and terms that are not finite."""

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.errors import NonFinite
from gan_zoo.step.loss_log import MOST_PENDING, Ledger


def ledger_of(*lines: tuple[int, dict[str, float]]) -> Ledger:
    """Return a ledger with the terms of `lines`, each a step and its terms by name."""
    ledger = Ledger()
    for step, terms in lines:
        add(ledger, step, **terms)
    return ledger


def add(ledger: Ledger, step: int, **terms: float) -> None:
    ledger.add(step, tuple(terms), torch.tensor(list(terms.values())))


def test_close_gives_the_mean_of_each_term_over_its_own_updates():
    """With five discriminator updates and one generator update, each term is divided by its own count."""
    ledger = ledger_of(*[(0, {"critic": float(i), "penalty": 2.0}) for i in range(5)], (0, {"generator": -1.0}))
    assert ledger.close() == {"critic": 2.0, "penalty": 2.0, "generator": -1.0}


def test_close_starts_anew():
    ledger = ledger_of((0, {"a": 4.0}))
    ledger.close()
    assert ledger.close() == {}
    add(ledger, 1, a=1.0)
    assert ledger.close() == {"a": 1.0}


# If these are added in another order, or in float32, the last bits of the sum differ.
VALUES = [0.1, 1e8, 0.3, -1e8, 1e-3, 7.7, 1e6, 0.1] * 4


@pytest.mark.parametrize("reads", [(), (1,), (3, 4, 9), tuple(range(32))], ids=str)
def test_reading_in_between_does_not_change_a_bit_of_the_sums(reads):
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
def test_a_saved_state_continues_to_the_last_bit(cut):
    whole, first = ledger_of(*[(0, {"loss": v}) for v in VALUES]), ledger_of(*[(0, {"loss": v}) for v in VALUES[:cut]])
    second = Ledger()
    add(second, 0, loss=99.0)  # `load` removes it
    second.load(first.state(), rank=0)
    for value in VALUES[cut:]:
        add(second, 0, loss=value)
    assert second.close() == whole.close()


def test_the_state_is_plain_numbers():
    state = ledger_of((3, {"a": 1.5}), (4, {"a": 2.5, "b": 1.0})).state()
    assert state == [{"sum:a": 4.0, "sum:b": 1.0, "count:a": 2.0, "count:b": 1.0}]


def test_the_first_process_takes_all_sums_of_the_earlier_processes():
    states = [ledger_of((0, {"a": 1.0})).state()[0], ledger_of((0, {"a": 4.0}), (1, {"a": 4.0})).state()[0]]
    first, second = Ledger(), Ledger()
    first.load(states, rank=0)
    second.load(states, rank=1)
    assert first.close() == {"a": 3.0}
    assert second.close() == {}


def test_a_full_ledger_adds_up_its_pending_terms_and_loses_none():
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
    ledger = ledger_of((0, {"a": 3e38}))
    ledger.check()
    assert_close(ledger.close()["a"], 3e38)
