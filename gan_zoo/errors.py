"""What a run ends with: a mistake of the user's, or numbers that are none."""


class Mistake(ValueError):
    """Something asked for that cannot be done: the message says what came, what was wanted and what to do.

    The commands print it as one line and end with exit code 2; in a notebook it is an ordinary `ValueError`.
    """


class NonFinite(RuntimeError):
    """A loss term or a weight became infinite or not a number; the run has failed, its last checkpoint is good."""
