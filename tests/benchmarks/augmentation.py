"""Times augmentation on one core, in turn, in milliseconds for 64 images: `python -m tests.benchmarks.augmentation`.

The columns are the image alone, as for real images; with its gradient, as for generated ones; and with the gradient of
a gradient, as under R1 or WGAN-GP's penalty. Each is a median of CPU times.
"""

import statistics
import sys
import time

import torch
from torch import Tensor

from gan_zoo.augment import Augment, Augmentation

ROUNDS = 9


def run(augmentation: Augmentation, image: Tensor, derivatives: int) -> None:
    """Augment `image`, and take none, one or two derivatives."""
    image = image.detach().requires_grad_(derivatives > 0)
    result = augmentation(image, 0).pow(3).sum() if derivatives else augmentation(image, 0)
    if derivatives:
        (slope,) = torch.autograd.grad(result, image, create_graph=derivatives > 1)
        if derivatives > 1:
            slope.square().sum().backward()


def seconds(augmentation: Augmentation, image: Tensor, derivatives: int, seed: int) -> float:
    torch.manual_seed(seed)
    begun = time.process_time()
    run(augmentation, image, derivatives)
    return time.process_time() - begun


def main() -> None:
    torch.set_num_threads(1)
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    image = (torch.rand(64, 3, side, side) * 2 - 1).contiguous(memory_format=torch.channels_last)
    kinds: list[Augment] = ["ada_b", "ada_bg", "ada", "ada_bgcfnc"]
    cases = {f"{kind} p {p}": Augmentation(kind, p) for kind in kinds for p in (0.0, 0.1, 0.3, 0.6)}
    cases["diffaugment"] = Augmentation("diffaugment")
    times: dict[tuple[str, int], list[float]] = {}
    for seed in range(ROUNDS):
        for name, augmentation in cases.items():
            for derivatives in range(3):
                times.setdefault((name, derivatives), []).append(seconds(augmentation, image, derivatives, seed))
    for name in cases:
        print(f"{name:20}", *(f"{1e3 * statistics.median(times[name, i]):7.1f} ms" for i in range(3)))


if __name__ == "__main__":
    main()
