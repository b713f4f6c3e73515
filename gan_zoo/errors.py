"""The errors that end a command in one line: mistakes of the user, and failures of a run."""


class Mistake(ValueError):
    """A mistake of the user. The message says what came, what was wanted and what to do.

    The commands print it as one line and end with exit code 2. In a notebook it is an ordinary `ValueError`.
    """


class MissingWeights(Mistake):
    """A file of weights that cannot be downloaded. The message says which; the command adds the options that help."""


class RunFailed(RuntimeError):
    """A run ended early. The message says why and what to do. The last checkpoint of the run is intact.

    The commands print it as one line and end with exit code 1.
    """


class NonFinite(RunFailed):
    """A loss term or a weight became infinite or NaN."""
