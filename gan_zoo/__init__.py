"""gan_zoo: train, evaluate and compare generative adversarial networks.

    gan_zoo.trainer(run="runs/x", seed=1, max_steps=2000).fit(WGANGP(image_shape=(1, 28, 28)), MNIST())
    gan_zoo.load("runs/x").sample(16, seed=0)
    gan_zoo.runs("runs/")
    gan_zoo.dashboard("runs/")

Importing it is cheap: torch is loaded when `trainer` or `load` is first used.

Training
    module.py       one training step                     adversarial.py  the alternating update
    models/         one paper, one file                   networks/       networks by family
    losses.py       what the networks minimise            penalties.py    gradient penalty, weight clipping
    schedules.py    how learning rates change             layers/         layers that several networks use
    growing.py      the rhythm of models that grow        editing/        what one does with a model
    augment/        what discriminators see of images     training/       the Trainer, resume, loading
    step/           optimizers, averaging, randomness     distributed/    several processes
    callbacks/      checkpoints, grids, scores, stopping

Results
    run/            the directory of a run                metrics/        scores and their protocols
    sampling.py     images from a trained generator       translation/    what image-to-image models share
    studies/        a grid of runs                        report/         one page that ranks runs
    dashboard/      the same pages while runs train

Commands
    cli.py          the command gan-zoo, its exit codes   commands/       what each command does, and its options
    errors.py       mistakes of the user                  bounds.py       limits of hyperparameters
    lookup.py       names that a user types               trust.py        which modules a file may name
    interrupts.py   Ctrl-C and SIGTERM outside of training

Images and weights
    images.py       the two forms of images               perceptual.py   VGG features
    tiles.py        images too large for one pass         memory.py       estimates the memory that work takes
    published.py    weights that others have published    pretrained/     weights that come with the package

strategy.py, gradients.py and rescoring/ are paths of version 0.1 that only import their successors.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_zoo.dashboard.notebook import show as dashboard
    from gan_zoo.run.directory import runs
    from gan_zoo.training.loading import load
    from gan_zoo.training.trainer import Trainer as trainer

__version__ = "0.2.0"
__all__ = ["__version__", "dashboard", "load", "runs", "trainer"]


def __getattr__(name: str) -> Any:
    if name == "dashboard":
        return import_module("gan_zoo.dashboard")  # a package that can be called
    if name == "load":
        from gan_zoo.training.loading import load

        return load
    if name == "runs":
        from gan_zoo.run.directory import runs

        return runs
    if name == "trainer":
        from gan_zoo.training.trainer import Trainer

        return Trainer
    raise AttributeError(f"gan_zoo has no {name}")
