"""The process that writes a run to wandb: `python wandb_mirror.py`, fed one JSON line at a time on its standard input.

The first line is {"run": the arguments of `wandb.init`, `dir` among them}. Each other line is [kind, values,
summaries]: kind and values are those of `Session.tell`, and summaries says for each score whether wandb's summary keeps
its "min" or its "max". The run is finished when the input ends, also if the training process is killed. Any
error is printed on standard output, in one line. wandb runs in a process of its own because its start takes a second,
and its end takes one and a half minutes if the server does not answer, which nothing in the process can cut short.
"""

import json
import os
import signal
import sys
from typing import Any

SECONDS_FOR_THE_SERVER = 30.0  # to answer at the start; wandb's own default is 90


def main() -> None:
    """Read lines of metrics from standard input, and send them to wandb until the input ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches this process too, and the run decides when it ends
    try:
        run = open_run(json.loads(sys.stdin.readline()))
        for line in sys.stdin:
            write(run, *json.loads(line))
        run.finish()
    except Exception as error:  # whatever it is, the run prints this line and goes on without wandb
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", flush=True)
        os._exit(1)  # wandb would wait for its server


def open_run(opening: dict[str, Any]) -> Any:
    """Return a run of wandb in the mode that WANDB_MODE names.

    Without WANDB_MODE, it is online if wandb finds a key and the server answers, and offline otherwise.
    """
    import wandb
    from wandb.errors import CommError, UsageError

    settings = wandb.Settings(silent=True, console="off", init_timeout=SECONDS_FOR_THE_SERVER)
    given = {**opening["run"], "resume": "allow", "settings": settings}
    try:
        run = wandb.init(**given)
    except UsageError as error:
        if "key" not in str(error):
            raise
        run = wandb.init(**given, mode="offline")
    except CommError as error:
        print(f"its server does not answer, so it is offline ({' '.join(str(error).split())})", flush=True)
        wandb.teardown()
        run = wandb.init(**given, mode="offline")
    run.define_metric("step")
    run.define_metric("*", step_metric="step")
    return run


def write(run: Any, kind: str, values: dict[str, Any], summaries: dict[str, str]) -> None:
    """Write a line of metrics, the scores of one step, or a sheet of samples."""
    for name, summary in summaries.items():
        run.define_metric(name, step_metric="step", summary=summary)
    if kind == "samples":
        import wandb

        values = {"step": values["step"], "samples": wandb.Image(values["file"])}
    run.log(values)


if __name__ == "__main__":
    main()
