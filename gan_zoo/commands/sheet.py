"""Pictures with a line of text under each, on one sheet."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

SIZE = 13
"""Of the letters, in pixels."""
LINE = SIZE + 4
MARGIN = 8
LEAST = 112
"""Narrower pictures are shown enlarged, by a whole number, so that a class's name fits under them."""


def sheet(
    pictures: Sequence[Image.Image], captions: Sequence[str], title: str, columns: int | None = None
) -> Image.Image:
    """The pictures, all of one size, row by row on a sheet, each over its caption.

    Args:
        pictures: at least one.
        captions: one a picture; wrapped where it is wider.
        title: over all of them; may be empty.
        columns: pictures a row; None: so many that the sheet is about as wide as it is high.
    """
    font = ImageFont.load_default(SIZE)
    enlarged = max(math.ceil(LEAST / pictures[0].width), 1)
    width, height = pictures[0].width * enlarged, pictures[0].height * enlarged
    texts = [wrapped(caption, font, width) for caption in captions]
    cell = width + MARGIN, height + MARGIN + LINE * max(len(text) for text in texts)
    columns = columns or min(max(round(math.sqrt(len(pictures) * cell[1] / cell[0])), 1), len(pictures))
    rows = math.ceil(len(pictures) / columns)
    head = wrapped(title, font, columns * cell[0] - MARGIN)
    top = MARGIN + LINE * len(head)
    paper = Image.new("RGB", (columns * cell[0] + MARGIN, top + rows * cell[1] + MARGIN), "white")
    draw = ImageDraw.Draw(paper)
    write(draw, font, head, MARGIN, MARGIN // 2)
    for number, (picture, text) in enumerate(zip(pictures, texts, strict=True)):
        x, y = MARGIN + number % columns * cell[0], top + number // columns * cell[1]
        paper.paste(picture.resize((width, height), Image.Resampling.NEAREST), (x, y))
        write(draw, font, text, x, y + height + 1)
    return paper


def write(draw: ImageDraw.ImageDraw, font: Font, lines: Sequence[str], x: int, y: int) -> None:
    """Lines of text below each other."""
    for number, line in enumerate(lines):
        draw.text((x, y + number * LINE), line, fill="black", font=font)


def wrapped(text: str, font: Font, width: int) -> list[str]:
    """`text` in lines of `width` pixels at most, broken between words, and within one that is wider."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        lines += [word] if lines[-1] else []
        lines[-1] = lines[-1] or word
        while font.getlength(lines[-1]) > width and len(lines[-1]) > 1:
            fits = max(n for n in range(1, len(lines[-1])) if n == 1 or font.getlength(lines[-1][:n]) <= width)
            lines[-1:] = [lines[-1][:fits], lines[-1][fits:]]
    return [line for line in lines if line]
