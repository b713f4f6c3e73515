"""Opens files that may come from anywhere, and refuses what is no plain file: a pipe would be waited for, for ever."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from datamodules.errors import DataError

KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def open_plain(file: Path, follow: bool = True) -> BinaryIO:
    """Open a plain file for reading, without waiting for anything.

    Args:
        file: The path of the file.
        follow: Whether the file may be a link.

    Raises:
        FileNotFoundError: There is no file.
        DataError: It is something else, or cannot be read.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        stream = os.fdopen(os.open(file, flags), "rb")
    except NotADirectoryError as error:
        raise FileNotFoundError(errno.ENOENT, "a folder of its path is a file", str(file)) from error
    except FileNotFoundError:
        raise
    except IsADirectoryError as error:  # os.fdopen looks for itself
        raise DataError(f"{file} is a directory, and should be a file: move it away.") from error
    except OSError as error:
        is_link = error.errno == errno.ELOOP and not follow
        reason = "is a link, which is never followed" if is_link else f"cannot be read: {error.strerror}"
        raise DataError(f"{file} {reason}.") from error
    if (kind := stat.S_IFMT(os.fstat(stream.fileno()).st_mode)) != stat.S_IFREG:
        stream.close()
        raise DataError(f"{file} is {KINDS.get(kind, 'a device')}, and should be a file: move it away.")
    return stream
