"""What is said of data that cannot be used."""


class DataError(ValueError):
    """The data is missing, damaged or unfit for what is asked: the message says which file and what to do."""

    def __init__(self, message: str) -> None:
        # A loader's worker hands its error over as a whole traceback, of which the message is the end.
        super().__init__(message.rpartition("DataError: ")[2].strip())
