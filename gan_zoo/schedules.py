"""How a number moves with the step: pure functions, so that a resumed run needs no state of them.

A model says its learning rates' factor in `rate(step)`; the step is the run's one clock, a generator update.
"""


def line(step: int, *, start: int, end: int, first: float, last: float) -> float:
    """`first` up to step `start`, `last` from step `end` on, and a straight line between.

    Momentum 0.5 rising to 0.7 (Goodfellow 2014's program) is `line(step, start=0, end=125_000, first=0.5, last=0.7)`.
    """
    if step >= end:
        return last
    return first + (last - first) * max(0, step - start) / (end - start)


def linear_decay(step: int, *, start: int = 0, end: int) -> float:
    """1 up to step `start`, 0 from step `end` on, and a straight line between (pix2pix, CycleGAN, WGAN-GP, SNGAN).

    With `end` 0 it stays 1.
    """
    return line(step, start=start, end=end, first=1.0, last=0.0) if end else 1.0


def exponential_decay(step: int, *, divisor: float, least: float) -> float:
    """1 / divisor^step, and never below `least` (Goodfellow 2014's program: 1.000004 down to 1e-5 of the start)."""
    return max(divisor**-step, least)
