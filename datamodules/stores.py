"""Where encoded files lie: a folder, or a zip that is read where it is."""

import os
import struct
import zipfile
import zlib
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, runtime_checkable

from datamodules.errors import DataError

LOCAL_HEADER = 30  # bytes, of which the last four hold the lengths of what follows: name and extra field


@runtime_checkable
class Store(Protocol):
    """Files by name."""

    @property
    def names(self) -> list[str]:
        """All files, sorted; parts of a name are joined by `/`."""
        ...

    def read(self, name: str) -> bytes:
        """The content of one file.

        Raises:
            DataError: it is not there, or damaged.
        """
        ...

    def where(self, name: str) -> str:
        """The file as messages name it."""
        ...

    def checksum(self, name: str) -> tuple[int, int]:
        """CRC-32 and length of a file's content, the same whether it lies in a folder or in a zip."""
        ...

    def stamp(self, name: str) -> tuple[str, int, int]:
        """Path, size and time of change: what is looked at to see, without reading, whether a file is the same."""
        ...


class Folder:
    """The files under a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: list[str] = []

    @property
    def names(self) -> list[str]:
        if not self._names:
            found = (Path(folder, file) for folder, _, files in os.walk(self.path, followlinks=True) for file in files)
            self._names = sorted(file.relative_to(self.path).as_posix() for file in found)
        return self._names

    def read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(f"{self.where(name)} cannot be read: {error.strerror}.") from error

    def where(self, name: str) -> str:
        return str(self.path / name)

    def checksum(self, name: str) -> tuple[int, int]:
        content = self.read(name)
        return zlib.crc32(content), len(content)

    def stamp(self, name: str) -> tuple[str, int, int]:
        return stamp(self.path / name)


class Zip:
    """The members of a zip file, read in place by any number of threads and of processes that it is forked into.

    Raises:
        DataError: no zip, or one whose members point outside of it, or are neither stored nor deflated.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as content:
                members = [one for one in content.infolist() if not one.is_dir()]
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is no whole zip file: fetch it again ({error}).") from error
        for one in members:
            place = PurePosixPath(one.filename)
            if place.is_absolute() or ".." in place.parts:
                raise DataError(f"{path} has a member {one.filename}, outside of itself: do not trust this file.")
            if one.flag_bits & 1 or one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(f"{path} is encrypted or unusually packed: unpack it, and name the folder.")
        self.members = {
            one.filename: (one.header_offset, one.compress_size, one.compress_type, one.CRC, one.file_size)
            for one in members
        }
        self.names = sorted(self.members)

    @cached_property
    def _file(self) -> int:
        return os.open(self.path, os.O_RDONLY)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_file"}

    def __del__(self) -> None:
        if "_file" in self.__dict__:
            os.close(self._file)

    def read(self, name: str) -> bytes:
        if name not in self.members:
            raise DataError(f"{self.where(name)} is not there.")
        offset, packed, kind, crc, _ = self.members[name]
        name_length, extra_length = struct.unpack("<2H", os.pread(self._file, LOCAL_HEADER, offset)[-4:])
        content = os.pread(self._file, packed, offset + LOCAL_HEADER + name_length + extra_length)
        try:
            content = zlib.decompress(content, -zlib.MAX_WBITS) if kind == zipfile.ZIP_DEFLATED else content
        except zlib.error as error:
            raise DataError(f"{self.where(name)} is damaged: {error}.") from error
        if zlib.crc32(content) != crc:
            raise DataError(f"{self.where(name)} is damaged: its content does not have the zip's checksum.")
        return content

    def where(self, name: str) -> str:
        return f"{self.path}/{name}"

    def checksum(self, name: str) -> tuple[int, int]:
        *_, crc, size = self.members[name]
        return crc, size

    def stamp(self, name: str) -> tuple[str, int, int]:
        path, size, changed = stamp(self.path)
        return f"{path}/{name}", size, changed


def stamp(path: Path) -> tuple[str, int, int]:
    """Path, size and time of change of a file.

    Raises:
        DataError: it is not there.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    return str(path.resolve()), found.st_size, found.st_mtime_ns


def open_store(path: Path) -> Store:
    """The files of a folder or of a zip.

    Raises:
        DataError: neither.
    """
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Zip(path)
    raise DataError(f"There is no folder and no zip {path}.")
