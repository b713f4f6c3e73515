"""Measures the dashboard with long runs: `python -m tests.benchmarks.dashboard [--runs N] [--lines N] [--seconds N]`.

Bars: with 200 runs of 10,000 lines, the first page is there in 2 s, with all its rows; a new line reaches a reader in
1.5 s and costs 2 KB; for a minute, 20 readers get every change without an error while 10 runs write a line a second,
and the server's memory stays as it is.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from gan_zoo.run.directory import Run, now
from tests.dashboard.serving import ask, events, rows, wait_for

READERS = 20


def write(root: Path, runs: int, lines: int) -> None:
    """Write runs that train, with `lines` lines each."""
    content = "".join(json.dumps(line(step)) + "\n" for step in range(1, lines + 1))
    for number in range(runs):
        run = Run(root / f"run{number}")
        run.images.mkdir(parents=True)
        run.metrics_file.write_text(content)
        run.config_file.write_text("trainer: {max_steps: 20000}\n")
        record = {"status": "running", "model": "GAN", "data": "MNIST", "seed": number, "heartbeat": now()}
        run.record_file.write_text(json.dumps(record))


def line(step: int) -> dict[str, float]:
    losses = {"generator/loss": 1 + step % 7 / 10, "discriminator/loss": 2 - step % 5 / 10}
    return {"step": step, "images": 64 * step, "seconds": round(step / 10, 1), **losses, "images_per_second": 640.0}


def memory(process: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def processor(process: int) -> float:
    """Return the seconds of processor time that a process has used: what it would take on a machine of its own."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_page(port: int) -> float:
    """Return the seconds until the page, its scripts and all its rows have come."""
    begun = time.perf_counter()
    for target in ("/", "/static/report.js", "/static/style.css", "/static/list.js", "/static/rows.js"):
        assert ask(port, target).status == 200
    rows(port)
    return time.perf_counter() - begun


def new_line(root: Path, port: int, step: int) -> tuple[float, int]:
    """Return the seconds in which a new line reaches a reader, and the bytes of the event that brings it."""
    run = Run(root / "run7")
    version = json.loads(ask(port, "/api/runs?after=0").text)["version"]
    with events(port, after=version) as news:
        time.sleep(0.3)
        begun = time.perf_counter()
        run.append(run.metrics_file, line(step))
        _, size = next(news)
        return time.perf_counter() - begun, size


def read_for(port: int, seconds: float, counts: list[int]) -> None:
    """Read the stream of events for some seconds, and add the number of changes."""
    end = time.monotonic() + seconds
    with events(port, after=0) as news:
        count = 0
        for _ in news:
            count += 1
            if time.monotonic() > end:
                break
    counts.append(count)


def readers(root: Path, port: int, process: int, seconds: float, step: int) -> tuple[list[int], list[float]]:
    """Let 20 readers follow while 10 runs write; return how many changes each got, and the memory over time."""
    counts: list[int] = []
    threads = [threading.Thread(target=read_for, args=(port, seconds, counts)) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    used = []
    end = time.monotonic() + seconds + 2
    while time.monotonic() < end:
        for number in range(10):
            run = Run(root / f"run{number}")
            run.append(run.metrics_file, line(step))
        step += 1
        used.append(memory(process))
        time.sleep(1)
    for thread in threads:
        thread.join(timeout=30)
    return counts, used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, options.runs, options.lines)
        command = [sys.executable, "-m", "gan_zoo", "dashboard", str(root), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                measure(process, root, options)
            finally:
                process.terminate()


def measure(process: "subprocess.Popen[str]", root: Path, options: argparse.Namespace) -> None:
    """Print each measure."""
    begun = time.perf_counter()
    assert process.stdout
    port = int(process.stdout.readline().split("http://127.0.0.1:")[1].split("/")[0])
    print(f"listening after {time.perf_counter() - begun:.2f} s")
    started = processor(process.pid)
    seconds = first_page(port)
    worked = processor(process.pid) - started
    print(f"first page of a server that has just started: {seconds:.2f} s, of which the server worked {worked:.2f} s")
    print(f"first page again: {first_page(port):.2f} s")
    begun = time.perf_counter()
    run = next(row["id"] for row in rows(port).values())
    assert ask(port, f"/run?id={run}").status == 200
    print(f"page of one run: {time.perf_counter() - begun:.2f} s")
    measured = [new_line(root, port, options.lines + 1 + i) for i in range(10)]
    delays, sizes = [delay for delay, _ in measured], [size for _, size in measured]
    print(f"a new line: median {statistics.median(delays):.2f} s, at most {max(delays):.2f} s and {max(sizes):,} bytes")
    counts, used = readers(root, port, process.pid, options.seconds, options.lines + 100)
    quarter = max(1, len(used) // 4)
    print(
        f"{len(counts)} readers for {options.seconds:.0f} s: {min(counts)} to {max(counts)} changes each; memory "
        f"{statistics.mean(used[quarter : 2 * quarter]):.1f} MiB in the second quarter, "
        f"{statistics.mean(used[-quarter:]):.1f} MiB in the last"
    )
    failed = [
        *(["the first page"] if seconds > 2 else []),
        *(["a new line"] if max(delays) > 1.5 or max(sizes) > 2048 else []),
        *(["the readers"] if len(counts) < READERS or min(counts) < 0.7 * options.seconds else []),
    ]
    wait_for(lambda: ask(port, "/").status == 200)
    if failed:
        sys.exit(f"Over the bar: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
