"""What the tests share."""

import os
from pathlib import Path

import pytest
import torch

os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that tests start: on a busy machine, threads wait for threads
os.environ["WANDB_MODE"] = "disabled"  # a second of every run: tests/callbacks/test_tracking.py turns it on
REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Sums round alike on every machine, and tests beside each other do not fight for cores."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """What is computed once and kept is computed by these tests, and kept for them alone."""
    os.environ["GAN_ZOO_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data sets that do not come with the repository: GAN_ZOO_SHARED, else `shared` beside it."""
    folder = Path(os.environ.get("GAN_ZOO_SHARED") or REPOSITORY.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared data: set GAN_ZOO_SHARED to a folder with data/mnist ({folder.name}/ is not there)")
    return folder
