"""Arranges pictures on one sheet, with a caption under each."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

SIZE = 13
"""Size of the letters, in pixels."""
LINE = SIZE + 4
"""Height of a line of text, in pixels."""
MARGIN = 8
"""Space around pictures, in pixels."""
LEAST = 112
"""Pictures narrower than this many pixels are enlarged by a whole factor, so that the name of a class fits below."""


def sheet(
    pictures: Sequence[Image.Image], captions: Sequence[str], title: str, columns: int | None = None
) -> Image.Image:
    """Return a sheet with the pictures row by row, each over its caption.

    Args:
        pictures: At least one picture; all have the same size.
        captions: A caption for each picture, wrapped if it is wider than the picture.
        title: Text above all pictures; may be empty.
        columns: Number of pictures in a row; None makes the sheet about as wide as it is high.
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
    """Draw lines of text below each other, with the top left corner at (x, y)."""
    for number, line in enumerate(lines):
        draw.text((x, y + number * LINE), line, fill="black", font=font)


def wrapped(text: str, font: Font, width: int) -> list[str]:
    """Break `text` into lines of at most `width` pixels: between words, and within a word that is wider."""
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
