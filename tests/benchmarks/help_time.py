"""Measures the time of `gan-zoo --help`: `python -m tests.benchmarks.help_time`. Bar: a median below 0.5 s.

tests/test_structure.py checks that it loads no torch. The time itself depends on the machine and its other work.
"""

import statistics
import subprocess
import sys
import time

BAR = 0.5  # seconds
REPEATS = 5


def main() -> None:
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "gan_zoo", "--help"], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begun)
    median = statistics.median(seconds)
    print(f"gan-zoo --help: median {median:.3f} s of {REPEATS}, from {min(seconds):.3f} to {max(seconds):.3f}")
    if median >= BAR:
        sys.exit(f"The bar is {BAR} s.")


if __name__ == "__main__":
    main()
