"""The engine `local`, with trivial commands in place of fit."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from gan_zoo.commands import study
from gan_zoo.errors import Mistake
from gan_zoo.run.files import held
from gan_zoo.studies import local, reading
from gan_zoo.studies.board import Board
from tests.studies.conftest import MakeStudy, held_by_another

MakeBoard = Callable[..., Board]


def shell(script: str) -> study.Command:
    """Runs `script` in place of fit; $0 is the run's directory."""
    return lambda config, run: ["sh", "-c", script, str(run)]


def work(board: Board, script: str) -> dict[str, str]:
    """Run all cells; their statuses."""
    study.run(board, [cell.name for cell in board.cells], local.Local, shell(script))
    return {name: entry["status"] for name, entry in board.entries.items()}


def test_forty_cells_run_each_once(board: MakeBoard, capsys: pytest.CaptureFixture[str]) -> None:
    made = board(matrix={"seed": list(range(20))})
    statuses = work(made, "echo once $OMP_NUM_THREADS; echo end >&2")
    assert len(statuses) == 40 and set(statuses.values()) == {"finished"}
    assert {made.log(name).read_text() for name in statuses} == {"once 1\nend\n"}
    assert {entry["attempts"] for entry in made.entries.values()} == {1}
    said = capsys.readouterr().out.splitlines()
    assert (
        len([line for line in said if " running " in line])
        == len([line for line in said if " finished " in line])
        == 40
    )
    assert said[-1].startswith("[40/40]")


def test_as_many_run_at_once_as_there_are_shares(board: MakeBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "cores", lambda: 6)
    made = board(resources={"cores": 2}, matrix={"seed": [0, 1, 2, 3]})
    # each notes itself, waits for two others, and sees at most two beside itself
    script = 'cd "$0/.."; touch .on-$$; sleep 0.4; ls -a | grep -c on-; echo $OMP_NUM_THREADS; rm .on-$$'
    work(made, script)
    seen = [made.log(cell.name).read_text().split() for cell in made.cells]
    assert max(int(count) for count, _ in seen) == 3
    assert {threads for _, threads in seen} == {"2"}


def test_a_failed_run_is_tried_again_and_then_says_its_last_line(board: MakeBoard) -> None:
    made = board(retries=2, methods={"gan": {}}, matrix={"seed": [0, 1]})
    script = 'echo try; case "$0" in *s0) echo "a bug" >&2; echo; exit 3;; esac'
    assert work(made, script) == {"gan-s0": "failed", "gan-s1": "finished"}
    assert made.entries["gan-s0"]["attempts"] == 3
    assert made.entries["gan-s0"]["last_line"] == "a bug"
    assert made.log("gan-s0").read_text().count("try") == 3
    assert made.entries["gan-s1"]["attempts"] == 1


def test_a_run_that_succeeds_at_the_second_try_is_finished(board: MakeBoard) -> None:
    made = board(retries=1, methods={"gan": {}}, matrix={"seed": [0]})
    assert work(made, 'test -e "$0/once" || { touch "$0/once"; exit 1; }') == {"gan-s0": "finished"}
    assert made.entries["gan-s0"] | {"attempts": 2, "last_line": None} == made.entries["gan-s0"]


def test_a_failed_cell_is_tried_again_by_a_second_call(board: MakeBoard) -> None:
    one = {"methods": {"gan": {}}, "matrix": {"seed": [0]}}
    assert work(board(**one), "exit 1") == {"gan-s0": "failed"}
    assert work(again := board(**one), "true") == {"gan-s0": "finished"}
    assert again.entries["gan-s0"]["attempts"] == 2


def test_a_run_that_another_process_trains_is_waited_for(board: MakeBoard) -> None:
    made = board(methods={"gan": {}}, matrix={"seed": [0, 1]})
    first, second = (made.run(cell.name) for cell in made.cells)
    for run in (first, second):
        run.path.mkdir(parents=True)
    with held_by_another(first.path) as one, held_by_another(second.path) as two:
        assert held(first.path)

        def end() -> None:
            time.sleep(0.3)
            first.update_record(status="finished")
            for other in (one, two):  # the second dies without an end
                other.kill()

        thread = threading.Thread(target=end)
        thread.start()
        statuses = work(made, "echo ran")
        thread.join()
        for other in (one, two):
            other.wait()
    assert set(statuses.values()) == {"finished"}
    assert not made.log("gan-s0").exists() and made.log("gan-s1").read_text() == "ran\n"


def test_a_run_that_another_process_took_meanwhile_is_no_failure(board: MakeBoard) -> None:
    """As after a study's death, where a run that it had just started has no lock yet."""
    made = board(methods={"gan": {}}, matrix={"seed": [0]})
    take = (
        'test -e "$0/once" && exit 0; touch "$0/once"; '
        f'{sys.executable} -c "import sys, time; from pathlib import Path; from gan_zoo.run.files import lock; '
        'file = lock(Path(sys.argv[1])); print(1, flush=True); time.sleep(1)" "$0" > "$0/held" & '
        'until test -s "$0/held"; do sleep 0.02; done; exit 2'
    )
    assert work(made, take) == {"gan-s0": "finished"}
    assert made.entries["gan-s0"]["attempts"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_reaches_the_runs_and_waits_for_them(
    board: MakeBoard, number: signal.Signals, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "cores", lambda: 2)
    made, before = board(), signal.getsignal(signal.SIGINT)
    script = "trap 'sleep 0.3; echo saved; exit 130' INT; echo begun; while true; do sleep 0.05; done"

    def stop() -> None:
        while not all(made.log(name).exists() and made.log(name).read_text() for name in ("gan-s0", "gan-s1")):
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        work(made, script)
    thread.join()
    assert [made.log(cell.name).exists() for cell in made.cells] == [True, True, False, False]
    assert made.log("gan-s0").read_text() == "begun\nsaved\n"
    assert {entry["status"] for entry in made.entries.values()} == {"waiting"}
    assert "the same command goes on from there" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("resources", "cores", "gpus", "expected"),
    [
        ({}, 3, 0, [{"OMP_NUM_THREADS": "1"}] * 3),
        ({"cores": 2}, 5, 0, [{"OMP_NUM_THREADS": "2"}] * 2),
        ({"devices": 2}, 5, 0, [{"OMP_NUM_THREADS": "1"}] * 2),
        ({"devices": 2, "cores": 4}, 5, 0, [{"OMP_NUM_THREADS": "2"}]),
        ({"devices": 2}, 1, 0, [{"OMP_NUM_THREADS": "1"}]),
        ({}, 8, 2, [{"OMP_NUM_THREADS": "4", "CUDA_VISIBLE_DEVICES": one} for one in ("g0", "g1")]),
        ({"devices": 2}, 8, 5, [{"OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": one} for one in ("g0,g1", "g2,g3")]),
        ({"cores": 8}, 8, 2, [{"OMP_NUM_THREADS": "8", "CUDA_VISIBLE_DEVICES": "g0"}]),
        ({}, 1, 2, [{"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": one} for one in ("g0", "g1")]),
    ],
)
def test_the_machine_is_shared_out(
    make_study: MakeStudy, resources: dict[str, int], cores: int, gpus: int, expected: list[dict[str, str]]
) -> None:
    read = reading.read(make_study(resources=resources))
    assert local.shares(read, cores, [f"g{number}" for number in range(gpus)]) == expected


@pytest.mark.parametrize(("resources", "gpus"), [({"cores": 9}, 0), ({"cores": 9}, 2), ({"devices": 3}, 2)])
def test_a_run_that_is_larger_than_the_machine_is_refused(
    make_study: MakeStudy, resources: dict[str, int], gpus: int
) -> None:
    [(name, asked)] = resources.items()
    with pytest.raises(Mistake, match=f"resources.{name} is {asked} and this machine has"):
        local.shares(reading.read(make_study(resources=resources)), 8, ["g"] * gpus)


def test_gpus_are_those_that_are_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, found in (("2,GPU-a", ["2", "GPU-a"]), ("", []), ("-1", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
        assert local.gpus() == found
