"""`gan-zoo latent project`: the image of a generator that is closest to a given one, beside it."""

import sys
from pathlib import Path

from rich.progress import Progress

from gan_zoo.bounds import bounded
from gan_zoo.commands.latent import COMMANDS
from gan_zoo.commands.latent.table import parser_of, refuse_place, save

TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
"""The layers that LPIPS compares."""


def run(arguments: list[str]) -> int:
    """Write the given image and its projection side by side, and print their perceptual distance."""
    parser = parser_of("project", COMMANDS["project"])
    parser.add_argument("image", help="the image to project, of the generator's size")
    parser.add_argument("--steps", type=int, default=1000, help="steps of the optimizer (default 1000)")
    parser.add_argument("--apart", action="store_true", help="a style for each layer (W+) in place of one for all (W)")
    parser.add_argument("--vgg-weights", help="file of VGG-16's weights (default: torchvision's, downloaded)")
    options = parser.parse(arguments)
    bounded("--", at_least=1, at_most=1_000_000, steps=options.steps)
    refuse_place(options.out)
    import torch

    from gan_zoo.commands import image_files
    from gan_zoo.editing import projection, styles
    from gan_zoo.perceptual import Features
    from gan_zoo.training import loading

    model = loading.load(options.run, allow_modules=tuple(options.allow_modules))
    target = image_files.read(image_files.find([options.image])[0])
    projection.refuse_another_size(target, styles.styled(model))
    taps = tuple(tap for tap in TAPS if min(target.shape[2:]) >= 2 ** (int(tap[4]) - 1))
    features = Features(taps, "vgg16", options.vgg_weights)
    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task(Path(options.image).name, total=1.0)
        found = projection.project(
            model,
            target,
            features,
            options.steps,
            options.apart,
            seed=options.seed,
            report=lambda share: bar.update(task, completed=share),
        )
    print(f"Perceptual distance: {found.distances[0]:.4g} at first, {found.distances[-1]:.4g} at the end")
    return save(options.out, torch.cat([target, found.image.expand(-1, 3, -1, -1)]), 2)
