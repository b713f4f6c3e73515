"""Measures the cost of five metrics in one pass: `python -m tests.benchmarks.shared_features`. Bar: 1.1 times one.

The features are those of efficientnet_lite0 for 2,000 generated images of 32 x 32; references are computed before. It
takes about three minutes on two cores.
"""

import sys
import tempfile
import time
from unittest.mock import patch

import torch

from datamodules.stream import InMemory
from gan_zoo.commands.evaluate.foreign_images import Fixed
from gan_zoo.metrics import extractors
from gan_zoo.metrics.evaluator import Evaluator
from gan_zoo.metrics.protocol import Conditions

BAR = 1.1
COUNT, REAL = 2000, 300
ALL = ("fd", "kid", "prdc", "is", "fd_infinity")


def main() -> None:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randint(0, 256, (COUNT, 3, 8, 8), generator=generator).float()
    image = torch.nn.functional.interpolate(coarse, size=32, mode="bilinear").to(torch.uint8)
    network = extractors.make("efficientnet_lite0")
    seconds = {}
    with tempfile.TemporaryDirectory() as folder, patch.dict("os.environ", GAN_ZOO_CACHE=folder):
        real = InMemory("noise", image=image[:REAL].flip(3))
        for metrics in (ALL, ("fd",)):
            evaluator = Evaluator(real, network, metrics, torch.device("cpu"))
            begun = time.perf_counter()
            evaluator.score(Fixed(InMemory("fakes", image=image), Conditions()), COUNT)
            seconds[metrics] = time.perf_counter() - begun
            print(f"{' '.join(metrics)}: {seconds[metrics]:.1f} s, {COUNT / seconds[metrics]:.0f} images a second")
    ratio = seconds[ALL] / seconds[("fd",)]
    print(f"ratio {ratio:.3f}")
    if ratio > BAR:
        sys.exit(f"The bar is {BAR}.")


if __name__ == "__main__":
    main()
