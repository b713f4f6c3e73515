"""`gan-zoo latent truncate`: images at several truncations, a latent a row."""

from gan_zoo.bounds import bounded
from gan_zoo.commands.latent import COMMANDS
from gan_zoo.commands.latent.table import parser_of, refuse_place, save


def run(arguments: list[str]) -> int:
    """Write the table of images that `arguments` ask for."""
    parser = parser_of("truncate", COMMANDS["truncate"])
    parser.add_argument("--count", type=int, default=4, help="number of latents, a row for each (default 4)")
    parser.add_argument(
        "--values",
        type=float,
        nargs="+",
        default=[-1.0, -0.5, 0.0, 0.5, 0.7, 1.0],
        help="truncations, a column for each: 0 is the mean image, 1 the image itself (default -1 -0.5 0 0.5 0.7 1)",
    )
    options = parser.parse(arguments)
    bounded("--", at_least=1, at_most=1000, count=options.count)
    bounded("--", values=options.values)
    refuse_place(options.out)
    from gan_zoo.editing import styles
    from gan_zoo.training import loading

    model = loading.load(options.run, allow_modules=tuple(options.allow_modules))
    table = styles.truncations(model, options.count, options.values, options.seed)
    return save(options.out, table, len(options.values))
