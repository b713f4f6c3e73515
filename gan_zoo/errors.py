"""What a run ends with: a mistake of the user's, or a failure that is not the code's."""


class Mistake(ValueError):
    """Something asked for that cannot be done: the message says what came, what was wanted and what to do.

    The commands print it as one line and end with exit code 2; in a notebook it is an ordinary `ValueError`.
    """


class MissingWeights(Mistake):
    """A file of weights that cannot be downloaded: the message says which, and the command adds its own options."""


class RunFailed(RuntimeError):
    """A run ended before its time: the message says why and what to do; its last checkpoint is good.

    The commands print it as one line and end with exit code 1.
    """


class NonFinite(RunFailed):
    """A loss term or a weight became infinite or not a number."""
