"""Every score of fixed features, by several processes: `python -m tests.drivers.score_ranks RANK SHARES FOLDER`.

SHARES are the processes' shares of the images, as "3,0,1"; each shows its own in batches of its own size. Writes what
`compute`, and `compute` after another metric's `reference`, gave, and the states left over, to FOLDER/RANK.json.
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
CASES = {"many": (90, 60), "few": (11, 8), "mixed": (90, 8)}
"""Real and generated images: more than features, less, and one of each."""


def shown(case: str, real: bool) -> torch.Tensor:
    """The features of all processes."""
    n = CASES[case][0 if real else 1]
    generator = torch.Generator().manual_seed(n + real)
    return torch.randn(n, FEATURES, generator=generator).relu() * (1.0 if real else 1.2)


def share(x: torch.Tensor, rank: int, shares: list[int]) -> torch.Tensor:
    """This process's rows: a contiguous part in order of rank."""
    begin, end = (len(x) * sum(shares[:count]) // sum(shares) for count in (rank, rank + 1))
    return x[begin:end]


def made(name: str, case: str) -> Any:
    return KernelDistance(FEATURES, subsets=5, size=7) if name == "kid" else metric_class(name)(FEATURES)


def show(metric: Any, case: str, real: bool, rank: int, shares: list[int]) -> None:
    for part in share(shown(case, real), rank, shares).split(3 + 2 * rank):
        if len(part):
            metric.update(part, real=real)


def scored(rank: int, shares: list[int]) -> dict[str, list[float]]:
    """By metric and case: values at once, again after another update of nothing new, and with the real side told."""
    found = {}
    for name in METRICS:
        for case in CASES:
            if case != "many" and name in ("fd_infinity", "is"):
                continue
            metric, told = made(name, case), made(name, case)
            for real in (True, False):
                show(metric, case, real, rank, shares)
            once = values(metric.compute(), name)
            reference = metric.reference() if isinstance(metric, Score) else {}
            show(told.refer(reference), case, False, rank, shares)
            found[f"{name} {case}"] = [one.value for one in once.values()]
            found[f"{name} {case} told"] = [one.value for one in values(told.compute(), name).values()]
    return found


def main(rank: int, shares: list[int], folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=len(shares))
    found = scored(rank, shares)
    (folder / f"{rank}.json").write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(one) for one in sys.argv[2].split(",")], Path(sys.argv[3]))
