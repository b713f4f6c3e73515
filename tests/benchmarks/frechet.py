"""Compares our Fréchet distance with others at 2,048 features: `OMP_NUM_THREADS=1 python -m tests.benchmarks.frechet`.

Ours starts from its sums, torchmetrics' and torch-fidelity's from mean and covariance; they take turns in one process.
Prints medians of wall and CPU time, and of the ratios to ours. Bars: 2.2 times faster with more images than features,
and 7 times faster with 1,000 images on each side.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch_fidelity.metric_fid import fid_statistics_to_metric
from torchmetrics.image.fid import _compute_fid

from gan_zoo.metrics.frechet import gaussian_distance
from gan_zoo.metrics.moments import FeatureMoments

SIZE, ROUNDS = 2048, 5


def features(n: int, seed: int) -> torch.Tensor:
    """Return features like those of a network: correlated, not negative, with different means."""
    mixing = torch.randn(SIZE, SIZE, generator=torch.Generator().manual_seed(99)) / SIZE**0.5
    drawn = torch.randn(n, SIZE, generator=torch.Generator().manual_seed(seed))
    return (drawn @ mixing + 0.1 * seed).relu()


def timed(call: Callable[[], float]) -> tuple[float, float, float]:
    """Return the value of `call`, its wall seconds and its CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    value = call()
    return value, time.perf_counter() - wall, time.process_time() - cpu


def compare(real: int, fake: int) -> None:
    both = [features(real, seed=1), features(fake, seed=2)]
    moments = [FeatureMoments.of(side) for side in both]
    plain = [(side.double().mean(0), side.double().T.cov()) for side in both]
    arrays = [{"mu": mean.numpy(), "sigma": covariance.numpy()} for mean, covariance in plain]
    calls: dict[str, Callable[[], float]] = {
        "ours": lambda: gaussian_distance(moments[0].gaussian("real"), moments[1].gaussian("generated")).item(),
        "torchmetrics": lambda: _compute_fid(*plain[0], *plain[1]).item(),
        "torch-fidelity": lambda: fid_statistics_to_metric(*arrays, verbose=False)["frechet_inception_distance"],
    }
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            taken[name].append(timed(call))
    print(f"{real} real and {fake} generated images of {SIZE} features, {ROUNDS} rounds", flush=True)
    for name, rounds in taken.items():
        wall, cpu = (statistics.median(times[i] for times in rounds) for i in (1, 2))
        ratios = (statistics.median(a[i] / b[i] for a, b in zip(rounds, taken["ours"], strict=True)) for i in (1, 2))
        print(
            f"  {name}: {rounds[0][0]:.9f}, {wall:.2f} s wall, {cpu:.2f} s CPU; over ours "
            f"{next(ratios):.2f} wall, {next(ratios):.2f} CPU",
            flush=True,
        )


def main() -> None:
    torch.set_num_threads(1)
    compare(real=10_000, fake=10_000)
    compare(real=1_000, fake=1_000)
    compare(real=10_000, fake=1_000)


if __name__ == "__main__":
    main()
