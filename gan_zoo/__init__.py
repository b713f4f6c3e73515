"""gan_zoo: train, evaluate and compare generative adversarial networks.

    gan_zoo.trainer(run="runs/x", seed=1, max_steps=2000).fit(WGANGP(image_shape=(1, 28, 28)), MNIST())
    gan_zoo.load("runs/x").sample(16, seed=0)
    gan_zoo.runs("runs/")

Importing the package is cheap: torch is loaded when one of these three is first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_zoo.run.directory import runs
    from gan_zoo.training.loading import load
    from gan_zoo.training.trainer import Trainer as trainer

__version__ = "0.2.0"
__all__ = ["__version__", "load", "runs", "trainer"]


def __getattr__(name: str) -> Any:
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
