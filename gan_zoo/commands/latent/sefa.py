"""`gan-zoo latent sefa`: images moved along the directions that change them most, a direction and an image a row."""

from gan_zoo.bounds import bounded
from gan_zoo.commands.latent import COMMANDS
from gan_zoo.commands.latent.mix import layer_range
from gan_zoo.commands.latent.table import parser_of, refuse_place, save


def run(arguments: list[str]) -> int:
    """Write the table of images that `arguments` ask for, and print the strengths of the directions."""
    parser = parser_of("sefa", COMMANDS["sefa"])
    parser.add_argument("--count", type=int, default=2, help="images, a row for each direction (default 2)")
    parser.add_argument("--directions", type=int, default=3, help="number of directions, the first ones (default 3)")
    parser.add_argument("--layers", help="layers whose styles are moved, such as 2-5 (default: all)")
    parser.add_argument("--distance", type=float, default=3.0, help="how far images are moved both ways (default 3)")
    parser.add_argument("--steps", type=int, default=7, help="images a row (default 7)")
    parser.add_argument("--truncation", type=float, default=1.0, help="truncation of all styles (default 1: none)")
    parser.add_argument("--pca", action="store_true", help="principal components of styles (GANSpace) in SeFa's place")
    options = parser.parse(arguments)
    bounded("--", at_least=1, at_most=1000, count=options.count, directions=options.directions, steps=options.steps)
    bounded("--", distance=options.distance, truncation=options.truncation)
    layers = layer_range(options.layers) if options.layers else None
    refuse_place(options.out)
    import torch

    from gan_zoo.editing import directions
    from gan_zoo.training import loading

    model = loading.load(options.run, allow_modules=tuple(options.allow_modules))
    found = directions.principal(model, seed=options.seed) if options.pca else directions.sefa(model, layers)
    vectors = found.vectors[: options.directions]
    distances = torch.linspace(-options.distance, options.distance, options.steps).tolist()
    table = directions.walk(model, vectors, distances, options.count, layers, options.seed, options.truncation)
    shares = (found.strengths / found.strengths.sum())[: options.directions].tolist()
    print(f"Shares of the directions: {', '.join(f'{share:.1%}' for share in shares)}")
    return save(options.out, table, options.steps)
