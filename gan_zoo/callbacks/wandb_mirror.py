"""The process that writes a run to wandb: `python wandb_mirror.py`, fed one JSON line at a time on its standard input.

The first line is {"run": the arguments of `wandb.init`, `dir` among them}. Each other line is [kind, values,
summaries]: kind and values are those of `Session.tell`, and summaries says for each score whether wandb's summary keeps
its "min" or its "max". When the input ends, also because the training process was killed, the run is finished. What
goes wrong is said on standard output, in one line. wandb is a process of its own because its start takes a second of
Python, and its end, where the server does not answer, one and a half minutes that nothing in the process can cut short.
"""

import json
import os
import signal
import sys
from typing import Any

SECONDS_FOR_THE_SERVER = 30.0  # to answer at the start; wandb's own default is 90


def main() -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)  # Ctrl-C reaches the whole group: when to end is the run's to say
    try:
        run = open_run(json.loads(sys.stdin.readline()))
        for line in sys.stdin:
            write(run, *json.loads(line))
        run.finish()
    except Exception as error:  # whatever it is, the run goes on without wandb and says this
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", flush=True)
        os._exit(1)  # at once: wandb's own way out may wait for its server


def open_run(opening: dict[str, Any]) -> Any:
    """The run, as WANDB_MODE says; else online where wandb finds a key and the server answers, offline elsewhere."""
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
    """One line of metrics, the scores of one step, or a sheet of samples."""
    for name, summary in summaries.items():
        run.define_metric(name, step_metric="step", summary=summary)
    if kind == "samples":
        import wandb

        values = {"step": values["step"], "samples": wandb.Image(values["file"])}
    run.log(values)


if __name__ == "__main__":
    main()
