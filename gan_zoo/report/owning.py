"""Which files a report may overwrite: those that its own page says it wrote, as they were written.

The page names the files beside it with the SHA-256 of their contents, because a CSV has no place for a mark. Beside
another page, or without the page, or changed by somebody since, a file is not the report's.
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
"""Digests by path, seen from the page's folder. Of two, one is of the content before: a kill may leave either."""
TAG = re.compile(r'<meta name="gan-zoo-files" content="([^"]*)">')


def refuse_other_page(page: Path) -> None:
    """Stop unless `page` is new or a page of ours.

    Raises:
        Mistake: it is something else, or not called so.
    """
    if page.suffix.lower() not in (".html", ".htm"):
        raise Mistake(f"--out is {page}: the page is called .html, and its tables go beside it.")
    refuse_loss([page], is_ours=lambda file: read(file) is not None)


def owned_after(page: Path, files: Mapping[Path, bytes]) -> Owned:
    """Return what belongs to the page once `files` are written.

    Raises:
        Mistake: a file is there that is not the report's.
    """
    before = read(page) or {}
    there = {file: digest(file.read_bytes()) for file in files if file.is_file()}
    refuse_loss(files, is_ours=lambda file: there.get(file) in before.get(seen_from(page, file), []))
    now = {seen_from(page, file): [digest(content)] for file, content in files.items()}
    for file, old in there.items():
        now[seen_from(page, file)] += [old]
    return before | now


def read(page: Path) -> Owned | None:
    """Return what a page says belongs to it; None if there is no page of ours."""
    with contextlib.suppress(OSError, ValueError):
        if match := TAG.search(page.read_text(errors="replace")):
            return json.loads(html.unescape(match[1]))
    return None


def seen_from(page: Path, file: Path) -> str:
    """Return the path of `file` from the folder of `page`."""
    return Path(os.path.relpath(file.absolute(), page.absolute().parent)).as_posix()
