"""`gan-zoo latent mix`: a table of images that have the styles of two."""

from gan_zoo.bounds import bounded
from gan_zoo.commands.latent import COMMANDS
from gan_zoo.commands.latent.table import parser_of, refuse_place, save
from gan_zoo.errors import Mistake


def run(arguments: list[str]) -> int:
    """Write the table of images that `arguments` ask for."""
    parser = parser_of("mix", COMMANDS["mix"])
    parser.add_argument("--rows", type=int, default=3, help="images whose styles are put in (default 3)")
    parser.add_argument("--columns", type=int, default=6, help="images that they are put into (default 6)")
    parser.add_argument("--layers", default="0-3", help="layers that take the row's style, from 0 on (default 0-3)")
    parser.add_argument("--truncation", type=float, default=1.0, help="truncation of all styles (default 1: none)")
    options = parser.parse(arguments)
    bounded("--", at_least=1, at_most=1000, rows=options.rows, columns=options.columns)
    bounded("--", truncation=options.truncation)
    layers = layer_range(options.layers)
    refuse_place(options.out)
    from gan_zoo.editing import styles
    from gan_zoo.training import loading

    model = loading.load(options.run, allow_modules=tuple(options.allow_modules))
    table = styles.mixtures(model, options.rows, options.columns, layers, options.seed, options.truncation)
    return save(options.out, table, options.columns + 1)


def layer_range(text: str) -> range:
    """Return the layers that "4-7", or "4" alone, names."""
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise Mistake(f"--layers {text}: name a range such as 0-3, or one layer such as 4.")
    return range(int(first), int(last or first) + 1)
