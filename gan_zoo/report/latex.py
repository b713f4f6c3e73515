"""Tables as LaTeX for a paper (booktabs): the protocol in the caption, the best mean in bold, names escaped."""

from collections.abc import Collection, Sequence

from datamodules.names import visible
from gan_zoo.report.sheets import Sheet

NEEDS = "% Needs \\usepackage{booktabs}.\n"
"""The first line of a file of tables."""
GREEK = {
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta", "κ": "kappa"},
    **{"λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ω": "omega"},
}
"""Letters that pdflatex knows only as formulas."""
ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "±": r"$\pm$",
    "·": r"$\cdot$",  # \textperiodcentered would take a bitmap font
    "∞": r"$\infty$",
    "→": r"$\to$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "[": "{[}",  # after the end of a row, [ and * would be its options
    "*": "{*}",
    **{letter: f"$\\{name}$" for letter, name in GREEK.items()},
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def table(sheet: Sheet) -> str:
    """Return a sheet as a table of LaTeX, with its notes below the rows and the rest as comments above it."""
    kinds = "".join("r" if number else "l" for number in sheet.numbers)
    lines = [
        *(f"% {plain(line)}" for line in sheet.comments),
        r"\begin{table}",
        r"\centering",
        f"\\caption{{{escaped(sheet.caption or sheet.title)}}}",
        f"\\label{{tab:{sheet.name}}}",
        r"\medskip",
        f"\\begin{{tabular}}{{{kinds}}}",
        r"\toprule",
        row(sheet.head),
        r"\midrule",
        *(row(cells, {place for r, place in sheet.bold if r == number}) for number, cells in enumerate(sheet.rows)),
        *([r"\midrule"] if sheet.rows and sheet.aside else []),
        *map(row, sheet.aside),
        r"\bottomrule",
        r"\end{tabular}",
        *notes(sheet.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def row(cells: Sequence[str], bold: Collection[int] = ()) -> str:
    """Return one row, with the cells at the places `bold` in bold."""
    texts = [escaped(cell) for cell in cells]
    return " & ".join(f"\\textbf{{{text}}}" if place in bold else text for place, text in enumerate(texts)) + r" \\"


def notes(sentences: Sequence[str]) -> list[str]:
    """Return the lines that print `sentences` below a table, as wide as the text; none without sentences."""
    if not sentences:
        return []
    paragraphs = [f"{escaped(sentence)}\\par" for sentence in sentences]
    return ["", r"\medskip", r"\begin{minipage}{\linewidth}", r"\footnotesize", *paragraphs, r"\end{minipage}"]


def escaped(text: str) -> str:
    """Return `text` on one line, with the characters escaped that TeX would interpret."""
    line = "".join(ESCAPED.get(character, character) for character in plain(text).replace("--", "-\0-"))
    return line.replace("\0", "{}")  # two hyphens would become a dash


def plain(text: str) -> str:
    """Return `text` on one line, without control characters."""
    return visible(" ".join(text.split()))
