"""Decide which files a report may overwrite: those that an earlier report wrote and nobody has changed since.

The page lists the files beside it with the SHA-256 of their contents, because a CSV file has no place for a mark. A
file that the page does not list, or that has another content by now, does not belong to the report.
"""

import contextlib
import html
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from gan_zoo.errors import Mistake
from gan_zoo.run.outputs import digest, refuse_loss

Owned = dict[str, list[str]]
"""SHA-256 digests by path relative to the page's folder. A file that is being replaced has two digests, for its new
and its old content, since a kill may leave either."""
TAG = re.compile(r'<meta name="gan-zoo-files" content="([^"]*)">')


def refuse_other_page(page: Path) -> None:
    """Raise unless `page` does not exist yet or is the page of an earlier report.

    Raises:
        Mistake: The file is something else, or its name does not end in .html or .htm.
    """
    if page.suffix.lower() not in (".html", ".htm"):
        raise Mistake(f"--out is {page}: the page is called .html, and its tables go beside it.")
    refuse_loss([page], is_ours=lambda file: read(file) is not None)


def owned_after(page: Path, files: Mapping[Path, bytes]) -> Owned:
    """Return the files that belong to `page` after `files` are written.

    Raises:
        Mistake: One of the files exists and does not belong to the report.
    """
    before = read(page) or {}
    existing = {file: digest(file.read_bytes()) for file in files if file.is_file()}
    refuse_loss(files, is_ours=lambda file: existing.get(file) in before.get(seen_from(page, file), []))
    after = {seen_from(page, file): [digest(content)] for file, content in files.items()}
    for file, old in existing.items():
        after[seen_from(page, file)] += [old]
    return before | after


def read(page: Path) -> Owned | None:
    """Return the files that `page` lists as its own; None if it does not exist or is not the page of a report."""
    with contextlib.suppress(OSError, ValueError):
        if match := TAG.search(page.read_text(errors="replace")):
            return json.loads(html.unescape(match[1]))
    return None


def seen_from(page: Path, file: Path) -> str:
    """Return the path of `file` relative to the folder of `page`."""
    return Path(os.path.relpath(file.absolute(), page.absolute().parent)).as_posix()
