"""Reads encoded files from a folder, or from a zip without unpacking it."""

import os
import struct
import zipfile
import zlib
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, runtime_checkable

from datamodules.errors import DataError

LOCAL_HEADER = 30  # bytes; the last four are the lengths of the name and the extra field that follow


@runtime_checkable
class Store(Protocol):
    """Files by name."""

    @property
    def names(self) -> list[str]:
        """Names of all files, sorted; the parts of a name are joined by `/`."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            DataError: The file is missing or damaged.
        """
        ...

    def where(self, name: str) -> str:
        """Return the name of the file for messages."""
        ...

    def checksum(self, name: str) -> tuple[int, int]:
        """Return CRC-32 and length of a file's content, which are the same in a folder and in a zip."""
        ...

    def stamp(self, name: str) -> tuple[str, int, int]:
        """Return path, size and time of change, which show without reading it whether a file has changed."""
        ...


class Folder:
    """The files under a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: list[str] = []

    @property
    def names(self) -> list[str]:
        if not self._names:
            walk = os.walk(self.path, followlinks=True)
            paths = (Path(folder, file) for folder, _, files in walk for file in files)
            self._names = sorted(path.relative_to(self.path).as_posix() for path in paths)
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
    """The members of a zip file, read in place; safe for threads and for forked processes.

    Raises:
        DataError: The file is no zip, or its members point outside of it or are neither stored nor deflated.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members = {
            member.filename: (
                member.header_offset,
                member.compress_size,
                member.compress_type,
                member.CRC,
                member.file_size,
            )
            for member in _members(path)
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
            raise DataError(f"{self.where(name)} does not exist.")
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


def _members(path: Path) -> list[zipfile.ZipInfo]:
    """Return the entries of a zip's files, all of which `Zip.read` can read."""
    try:
        with zipfile.ZipFile(path) as content:
            members = [member for member in content.infolist() if not member.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no complete zip file: fetch it again ({error}).") from error
    for member in members:
        inner = PurePosixPath(member.filename)
        if inner.is_absolute() or ".." in inner.parts:
            raise DataError(f"{path} has a member {member.filename}, outside of itself: do not trust this file.")
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(f"{path} is encrypted or compressed in an unusual way: unpack it, and name the folder.")
    return members


def stamp(path: Path) -> tuple[str, int, int]:
    """Return path, size and time of change of a file.

    Raises:
        DataError: The file does not exist.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    return str(path.resolve()), status.st_size, status.st_mtime_ns


def open_store(path: Path) -> Store:
    """Open a folder or a zip.

    Raises:
        DataError: The path is neither a folder nor a file.
    """
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Zip(path)
    raise DataError(f"There is no folder and no zip {path}.")
