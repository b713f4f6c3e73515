"""Published weights: their hash is checked every time, and no code in them is executed."""

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_zoo import perceptual
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.extractors.dinov2 import CODE, WEIGHTS
from gan_zoo.metrics.extractors.inception import URL_INCEPTION_V3
from gan_zoo.published import published


class Bomb:
    """An object whose pickle creates a file when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.mark, "w")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch.hub's folder of weights, beside a minimal copy of dinov2's code, so that nothing is downloaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    code = tmp_path / "hub" / CODE.replace("/", "_").replace(":", "_")
    code.mkdir(parents=True)
    (code / "hubconf.py").write_text(
        "from torch import nn\ndef dinov2_vitl14(pretrained):\n    return nn.Linear(1, 1)\n"
    )
    (tmp_path / "hub" / "checkpoints").mkdir()
    return tmp_path / "hub" / "checkpoints"


CACHED: dict[str, Callable[[], Any]] = {
    URL_INCEPTION_V3.rpartition("/")[2]: lambda: extractors.make("inception"),
    WEIGHTS.rpartition("/")[2]: lambda: extractors.make("dinov2"),
    "vgg19-dcbb9e9d.pth": lambda: perceptual.download("vgg19"),
}


@pytest.mark.parametrize("name", CACHED)
@pytest.mark.parametrize("dangerous", [True, False])
def test_another_file_in_torch_hubs_folder_is_refused(name: str, dangerous: bool, hub: Path, tmp_path: Path) -> None:
    torch.save(Bomb(tmp_path / "boom") if dangerous else {"weight": torch.ones(1)}, hub / name)
    with pytest.raises(Mistake, match=f"{name} is not what was published: its sha256 is"):
        CACHED[name]()
    assert not (tmp_path / "boom").exists()


def test_no_code_in_a_published_file_is_executed(hub: Path, tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(1)}, hub / "good.pth")
    torch.save(Bomb(tmp_path / "boom"), hub / "bad.pth")
    assert published("https://nowhere.invalid/good.pth", "")["weight"].equal(torch.ones(1))
    with pytest.raises(pickle.UnpicklingError):
        published("https://nowhere.invalid/bad.pth", "")
    assert not (tmp_path / "boom").exists()


def test_a_download_with_another_hash_is_not_kept(hub: Path, tmp_path: Path) -> None:
    source = tmp_path / "weights.pth"
    torch.save({"weight": torch.ones(1)}, source)
    with pytest.raises(OSError, match="invalid hash"):
        published(source.as_uri(), "0" * 64)
    assert not list(hub.iterdir())
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    assert published(source.as_uri(), sha256)["weight"].equal(torch.ones(1))
    assert (hub / "weights.pth").read_bytes() == source.read_bytes()
