"""Reads encoded files from a folder, or from a zip without unpacking it."""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, runtime_checkable

from datamodules.errors import DataError
from datamodules.names import real

LARGEST = 1 << 30
"""Bytes of the largest file that is read: 134 million pixels of 16 bits, in three colours and not compressed, fit."""
LARGEST_MEMBER = 1 << 28
"""Bytes of the largest file in a zip, unpacked."""
DENSEST = 1032
"""Bytes that deflate can make of one byte, at most."""
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
            self._names = sorted(path.relative_to(self.path).as_posix() for path in files_below(self.path))
        return self._names

    def read(self, name: str) -> bytes:
        return read_file(self.path / name)

    def where(self, name: str) -> str:
        return str(self.path / name)

    def checksum(self, name: str) -> tuple[int, int]:
        content = self.read(name)
        return zlib.crc32(content), len(content)

    def stamp(self, name: str) -> tuple[str, int, int]:
        return stamp(self.path / name)


def files_below(root: Path) -> Iterator[Path]:
    """Yield the files in a folder and in all folders below it, also behind links, but no folder twice.

    A folder that has two names through links is read under its own; a link to a folder above is not followed.
    """
    seen: set[tuple[int, int]] = set()
    linked: list[Path] = []
    left = [root]
    while left or linked:
        folder = Path(left.pop() if left else linked.pop(0))  # links come last
        try:
            status = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            path = folder / entry.name
            if entry.is_dir():
                (linked if entry.is_symlink() else left).append(path)
            elif entry.is_file():
                yield path


def read_file(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        DataError: It is no file, too large to be an image or a list, or cannot be read.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{path} is no file.")
        if status.st_size > LARGEST:
            raise DataError(f"{path} has {status.st_size:,} bytes: a file may have {LARGEST:,}.")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


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
        offset, packed, kind, crc, size = self.members[name]
        try:
            name_length, extra_length = struct.unpack("<2H", os.pread(self._file, LOCAL_HEADER, offset)[-4:])
            content = os.pread(self._file, packed, offset + LOCAL_HEADER + name_length + extra_length)
            if kind == zipfile.ZIP_DEFLATED:  # a byte more than there should be shows that there are more
                content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, size + 1)
        except (zlib.error, struct.error, OSError) as error:
            raise DataError(f"{self.where(name)} is damaged: {error}.") from error
        if len(content) != size or zlib.crc32(content) != crc:
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
    except Exception as error:  # zipfile raises many kinds of errors for damaged files
        raise DataError(f"{path} is no complete zip file: fetch it again ({error}).") from error
    for member in members:
        inner = PurePosixPath(member.filename)
        if inner.is_absolute() or ".." in inner.parts:
            raise DataError(f"{path} has a member {member.filename}, outside of itself: do not trust this file.")
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(f"{path} is encrypted or compressed in an unusual way: unpack it, and name the folder.")
    refuse_bomb(path, members)
    return members


def refuse_bomb(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Raise a DataError for a zip whose members are larger than they can be, or that lie on top of one another."""
    room = path.stat().st_size
    for member in members:
        place, packed, size = member.header_offset, member.compress_size, member.file_size
        if place < 0 or place + LOCAL_HEADER + packed > room or size > DENSEST * packed + LOCAL_HEADER:
            raise DataError(f"{path} is damaged: {member.filename} states {size:,} bytes that are not there.")
        if size > LARGEST_MEMBER:
            limit = f"in a zip a file may have {LARGEST_MEMBER:,}, so unpack it"
            raise DataError(f"{path} has a member {member.filename} of {size:,} bytes: {limit}.")
    if sum(member.compress_size for member in members) > room:
        raise DataError(f"{path} is damaged: its members lie on top of one another. Do not trust this file.")


def stamp(path: Path) -> tuple[str, int, int]:
    """Return path, size and time of change of a file.

    Raises:
        DataError: The file does not exist.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    return str(real(path)), status.st_size, status.st_mtime_ns


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
