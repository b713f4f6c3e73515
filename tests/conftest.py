"""Settings and fixtures of all tests."""

import os
from pathlib import Path

import pytest
import torch

# For the processes that tests start: on a busy machine, threads wait for each other.
os.environ["OMP_NUM_THREADS"] = "1"
# wandb takes a second of every run; tests/callbacks/test_tracking.py turns it on.
os.environ["WANDB_MODE"] = "disabled"
REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Use one thread, so that sums round alike on every machine and parallel tests do not compete for cores."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """Give the tests their own cache, so that they compute everything themselves."""
    os.environ["GAN_ZOO_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of data that does not come with the repository: $GAN_ZOO_SHARED, or `shared` beside it."""
    folder = Path(os.environ.get("GAN_ZOO_SHARED") or REPOSITORY.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared data: set GAN_ZOO_SHARED to a folder with data/mnist ({folder.name}/ does not exist)")
    return folder
