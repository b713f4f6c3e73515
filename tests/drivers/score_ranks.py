"""Computes every score from fixed features on several processes.

`python -m tests.drivers.score_ranks RANK SHARES FOLDER`

SHARES are the processes' shares of the images, such as "3,0,1". Each process passes its share to the metrics in batches
of its own size. It writes to FOLDER/RANK.json what `compute` returned, and what it returned with another metric's
`reference` in place of real images.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from gan_zoo.metrics.choices import METRICS, metric_class
from gan_zoo.metrics.kernel import KernelDistance
from gan_zoo.metrics.score import Score, values

FEATURES = 12
CASES = {"many": (90, 240), "few": (11, 8), "mixed": (90, 8)}
"""Numbers of real and generated images: more than there are features, fewer, and one of each."""


def shown(case: str, real: bool) -> torch.Tensor:
    """Return the features of all processes together."""
    n = CASES[case][0 if real else 1]
    generator = torch.Generator().manual_seed(n + real)
    return torch.randn(n, FEATURES, generator=generator).relu() * (1.0 if real else 1.2)


def share(x: torch.Tensor, rank: int, shares: list[int]) -> torch.Tensor:
    """Return the rows of this process: a contiguous part, in order of rank."""
    begin, end = (len(x) * sum(shares[:count]) // sum(shares) for count in (rank, rank + 1))
    return x[begin:end]


def made(name: str, case: str) -> Any:
    return KernelDistance(FEATURES, subsets=5, size=7) if name == "kid" else metric_class(name)(FEATURES)


def show(metric: Any, case: str, real: bool, rank: int, shares: list[int]) -> None:
    for part in share(shown(case, real), rank, shares).split(3 + 2 * rank):
        if len(part):
            metric.update(part, real=real)


def scored(rank: int, shares: list[int]) -> dict[str, list[float]]:
    """Return the values of each metric and case, computed from both sides and with the reference of another metric."""
    results = {}
    for name in METRICS:
        for case in CASES:
            if case != "many" and name in ("fd_infinity", "is"):
                continue
            metric, referred = made(name, case), made(name, case)
            for real in (True, False):
                show(metric, case, real, rank, shares)
            once = values(metric.compute(), name)
            reference = metric.reference() if isinstance(metric, Score) else {}
            show(referred.refer(reference), case, False, rank, shares)
            results[f"{name} {case}"] = [score.value for score in once.values()]
            results[f"{name} {case} referred"] = [score.value for score in values(referred.compute(), name).values()]
    return results


def main(rank: int, shares: list[int], folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=len(shares))
    results = scored(rank, shares)
    (folder / f"{rank}.json").write_text(json.dumps(results))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(part) for part in sys.argv[2].split(",")], Path(sys.argv[3]))
