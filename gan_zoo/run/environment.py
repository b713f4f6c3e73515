"""What a run is made with: versions, code, machine."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any


def environment() -> dict[str, Any]:
    """Versions and code that a run is made with."""
    packages = ("gan-zoo", "torch", "lightning", "torchvision", "numpy")
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "git": commit(),
        "host": platform.node(),
        "pid": os.getpid(),
        "command": sys.argv,
    }


def commit() -> str | None:
    """The git commit of this code; None where it is installed, not checked out, or git is not there."""
    try:
        tracked = ["git", "ls-files", "--error-unmatch", __file__]
        subprocess.run(tracked, cwd=Path(__file__).parent, capture_output=True, check=True)
        asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None
