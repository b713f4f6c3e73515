"""The error that data modules raise for data that cannot be used."""


class DataError(ValueError):
    """The data is missing, damaged or does not fit the request; the message names the file and says what to do."""

    def __init__(self, message: str) -> None:
        # An error in a DataLoader worker arrives as a whole traceback, which ends with the message.
        super().__init__(message.rpartition("DataError: ")[2].strip())
