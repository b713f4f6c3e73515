"""The versions, the code and the machine that a run is made with."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any


def environment() -> dict[str, Any]:
    """Return the versions, the code and the machine of this process, as run.json holds them."""
    packages = ("gan-zoo", "torch", "lightning", "torchvision", "numpy")
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "git": commit(),
        "host": platform.node(),
        "pid": os.getpid(),
        "command": sys.argv,
    }


def commit() -> str | None:
    """Return the git commit of this code; None if it is installed rather than checked out, or git is missing."""
    try:
        tracked = ["git", "ls-files", "--error-unmatch", __file__]
        subprocess.run(tracked, cwd=Path(__file__).parent, capture_output=True, check=True)
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() if head.returncode == 0 else None
