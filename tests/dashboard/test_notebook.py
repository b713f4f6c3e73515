"""`gan_zoo.dashboard("runs")` in a process of its own, as a kernel is: it shows the page and ends with the kernel."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import gan_zoo
from gan_zoo.errors import Mistake
from tests.dashboard.serving import ask, wait_for

KERNEL = """
import sys
import gan_zoo
shown = gan_zoo.dashboard(sys.argv[1], height=300)
assert gan_zoo.dashboard(sys.argv[1], height=300) is shown, "one server for a folder"
assert "torch" not in sys.modules and "uvicorn" not in sys.modules
assert f'<iframe src="{shown.address}" style="width: 100%; height: 300px' in shown._repr_html_()
print(shown.address, shown.process.pid, flush=True)
sys.stdin.read()
"""


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{process}/status").read_text()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match=r"There is no folder .*: name the folder of your runs"):
        gan_zoo.dashboard(tmp_path / "none")


@pytest.mark.slow
@pytest.mark.parametrize("end", ["killed", "closed"])
def test_the_page_is_there_as_long_as_the_kernel(end: str, tmp_path: Path) -> None:
    command, pipe = [sys.executable, "-c", KERNEL, str(tmp_path)], subprocess.PIPE
    kernel = subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe)
    assert kernel.stdout
    address, process = kernel.stdout.readline().split()
    port = int(address.strip("/").rpartition(":")[2])
    answer = ask(port, "/")
    assert answer.status == 200 and tmp_path.name in answer.text
    if end == "killed":
        kernel.send_signal(signal.SIGKILL)
    kernel.communicate()
    wait_for(lambda: not is_alive(int(process)))
