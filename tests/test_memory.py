"""Memory: estimates, compared with closed forms and real processes, and how much is available."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from gan_zoo import memory
from gan_zoo.errors import Mistake
from gan_zoo.layers import channels_last
from gan_zoo.memory import META

FACTOR = 1.5
"""Largest ratio between the estimate, scratch space included, and the memory of a real process."""
FIXED = 50e6
"""Bytes that a process takes for any images: kernels are loaded when they are first used."""


def test_the_peak_of_a_chain_is_two_neighbouring_tensors() -> None:
    """Of tensors of 4, 8 and 12 numbers, the last two live at the same time. Views and changes in place take none."""

    def work() -> None:
        x = torch.empty(4, device=META)
        x = x.view(2, 2).t().mul_(2).repeat(1, 2)
        x = torch.cat([x, x[:, :2]], dim=1)

    assert memory.peak(work) == 4 * (8 + 12)


def test_tensors_kept_for_the_backward_pass_are_counted() -> None:
    """Ten sines keep their inputs, each of which adds to the peak if there are gradients."""

    def work() -> None:
        y = torch.empty(1000, device=META, requires_grad=torch.is_grad_enabled())
        for _ in range(10):
            y = y.sin()

    with_gradients = memory.peak(work)
    with torch.no_grad():
        assert memory.peak(work) == 4 * 2000
    assert with_gradients == 4 * 11_000


def test_a_copy_on_meta_has_only_the_shapes() -> None:
    network = channels_last(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)))
    copied = memory.on_meta(network)
    assert {name: value.shape for name, value in copied.state_dict().items()} == {
        name: value.shape for name, value in network.state_dict().items()
    }
    assert all(value.is_meta for value in copied.state_dict().values())
    assert not any(value.is_meta for value in network.state_dict().values())


GATYS = """
from gan_zoo.models.gatys import Objective, gatys, memory as estimate
from gan_zoo.perceptual import Features
features = Features(Objective().taps, "vgg16", weights)
needed = estimate((320, 400), (256, 256), features, Objective(), 3)
def work():
    content, style = torch.rand(1, 3, 320, 400), torch.rand(1, 3, 256, 256)
    gatys(content, style, features, sizes=(320,), evaluations=(3,), style_size=0)
"""
ADAIN = """
from gan_zoo import memory
from gan_zoo.models import adain
model = adain.AdaIN("vgg16", weights)
adain.WHOLE, adain.TILE = {whole}, 128
def paint(model, device):
    content, style = torch.rand(1, 3, 512, 640, device=device), torch.rand(1, 3, 128, 128, device=device)
    model.stylize(content, [style])
def work(): paint(model, "cpu")
needed = memory.peak(lambda: paint(memory.on_meta(model), "meta"))
"""
TRANSLATE = """
from gan_zoo import memory, tiles
from gan_zoo.models.cyclegan import CycleGAN
model = CycleGAN((3, 64, 64), width=32, blocks=2)
tiles.WHOLE, tiles.CORE, tiles.OVERLAP = {whole}, 128, 32
def paint(model, device): model.translate(torch.rand(1, 3, 896, 896, device=device))
def work(): paint(model, "cpu")
needed = memory.peak(lambda: paint(memory.on_meta(model), "meta"))
"""
MEASURE = """
import sys, torch
torch.set_num_threads(1)
weights = sys.argv[1]
{setup}
def status(field):  # getrusage would include the peak of the parent process
    return int(next(line for line in open("/proc/self/status") if line.startswith(field)).split()[1]) * 1024
before = status("VmRSS")
work()
print(needed, status("VmHWM") - before)
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torchvision

    file = tmp_path_factory.mktemp("memory") / "vgg16.pth"
    torch.save(torchvision.models.vgg16(weights=None).features.state_dict(), file)
    return file


def measured(setup: str, weights: Path) -> tuple[int, int]:
    """Return the estimate, and the largest growth in bytes of the resident memory, both in a new process."""
    command = [sys.executable, "-c", MEASURE.format(setup=setup), str(weights)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert process.returncode == 0, process.stderr
    needed, grown = process.stdout.split()
    return int(needed), int(grown)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@pytest.mark.parametrize("setup", [GATYS, ADAIN, TRANSLATE], ids=["gatys", "adain", "translate"])
def test_the_estimate_is_close_to_the_memory_of_a_process(setup: str, weights: Path) -> None:
    """It is close for whole images and for tiles, and tiles take less than half."""
    whole, _ = estimate = measured(setup.format(whole=2**30), weights)
    estimates = [estimate]
    if "{whole}" in setup:
        estimates.append(measured(setup.format(whole=1000), weights))
        assert estimates[1][0] < whole / 2 and estimates[1][1] < estimates[0][1] / 2
    for needed, grown in estimates:
        assert (grown - FIXED) / FACTOR < needed * memory.SCRATCH < (grown + FIXED) * FACTOR


def test_available_memory_is_the_smaller_of_machine_and_container(tmp_path: Path) -> None:
    assert memory.available(tmp_path) is None
    write(tmp_path / "proc/meminfo", "MemTotal:  9 kB\nMemAvailable:    2000 kB\n")
    assert memory.available(tmp_path) == 2000 * 1024
    cgroup = tmp_path / "sys/fs/cgroup"
    write(cgroup / "memory.max", "max\n")
    write(cgroup / "memory.current", "900000\n")
    write(cgroup / "memory.stat", "anon 5\ninactive_file 100000\n")
    assert memory.available(tmp_path) == 2000 * 1024
    write(cgroup / "memory.max", "1000000\n")
    assert memory.available(tmp_path) == 200_000, "the limit less the memory in use; cached file pages count as free"
    write(cgroup / "memory/memory.limit_in_bytes", "700000\n")
    write(cgroup / "memory/memory.usage_in_bytes", "600000\n")
    write(cgroup / "memory/memory.stat", "total_inactive_file 50000\n")
    assert memory.available(tmp_path) == 150_000


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_too_much_memory_is_refused_and_includes_scratch_space() -> None:
    memory.refuse_beyond(80, 100e-9, "It", "do less")
    with pytest.raises(Mistake, match=r"^It would take about 1\.3e-07 GB .* allowed by --memory: do less\.$"):
        memory.refuse_beyond(101, 100e-9, "It", "do less")
    with pytest.raises(Mistake, match="GB are free: do less"):
        memory.refuse_beyond(10**18, None, "It", "do less")
