"""The scheduler with an engine of somebody else: retries and statuses are its own, whatever starts the jobs."""

from collections.abc import Callable

from gan_zoo.commands import study
from gan_zoo.studies.board import Board, Job
from gan_zoo.studies.reading import Study


class Ended:
    """A job that ended with `code` before anybody looked."""

    def __init__(self, code: int) -> None:
        self.code = code

    def exit_code(self) -> int | None:
        return self.code

    def stop(self) -> None:
        raise AssertionError("nothing asked this job to stop")


class AtOnce:
    """An engine in eight lines, as a user would write one: each job ends at once, and one cell always fails."""

    capacity = 2

    def __init__(self, jobs: list[Job], study: Study) -> None:
        self.started: list[str] = []

    def start(self, job: Job) -> Ended:
        self.started.append(job.cell)
        job.log.write_text(f"attempt {self.started.count(job.cell)}\n")
        return Ended(code=int(job.cell == "gan-s1"))


def test_an_engine_starts_jobs_and_the_scheduler_does_the_rest(board: Callable[..., Board]) -> None:
    made = board(retries=2, methods={"gan": {}}, matrix={"seed": [0, 1, 2]})
    engines: list[AtOnce] = []

    def make(jobs: list[Job], study: Study) -> AtOnce:
        engines.append(AtOnce(jobs, study))
        return engines[0]

    study.run(made, list(made.entries), make, lambda config, run: ["never run"])
    assert {name: entry["status"] for name, entry in made.entries.items()} == {
        "gan-s0": "finished",
        "gan-s1": "failed",
        "gan-s2": "finished",
    }
    assert sorted(engines[0].started) == ["gan-s0", "gan-s1", "gan-s1", "gan-s1", "gan-s2"]
    assert made.entries["gan-s1"]["last_line"] == "attempt 3"
