"""Values that change with the step. They are pure functions, so a resumed run needs no saved state.

A model returns the factor of its learning rates from `rate(step)`, and other options of its optimizers from
`optimizer_options(step)`. A loss reads `current_step`, or `images` for a schedule in images. A step is one generator
update.
"""

import math


def line(step: int, *, start: int, end: int, first: float, last: float) -> float:
    """Return `first` up to step `start`, `last` from step `end` on, and a straight line in between.

    Momentum 0.5 rising to 0.7 (Goodfellow 2014's program) is `line(step, start=0, end=125_000, first=0.5, last=0.7)`.
    """
    if step >= end:
        return last
    return first + (last - first) * max(0, step - start) / (end - start)


def linear_decay(step: int, *, start: int = 0, end: int) -> float:
    """Return 1 up to step `start`, 0 from step `end` on, and a straight line in between. With `end` 0 it is always 1.

    pix2pix, CycleGAN, WGAN-GP and SNGAN use it.
    """
    return line(step, start=start, end=end, first=1.0, last=0.0) if end else 1.0


def exponential_decay(step: int, *, divisor: float, least: float) -> float:
    """Return 1 / divisor^step, but at least `least` (Goodfellow 2014's program: 1.000004, down to 1e-5)."""
    return max(divisor**-step, least)


def half_cosine(step: int, *, end: int, first: float, last: float) -> float:
    """Return `first` at step 0, `last` from step `end` on, and half a period of a cosine in between (R3GAN)."""
    return last if step >= end else last + (first - last) * (1 + math.cos(math.pi * step / end)) / 2
