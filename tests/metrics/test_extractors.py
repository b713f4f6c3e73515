"""Extractors, compared with the programs whose scores they must reproduce, on the same weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.testing import assert_close
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.extractors import dinov2, resizing
from gan_zoo.metrics.extractors.base import in_float32
from gan_zoo.metrics.extractors.inception import Inception
from gan_zoo.models.gan import GAN
from gan_zoo.training.trainer import Trainer
from tests.drivers.tiny import Tiny


def pictures(n: int, size: int, channels: int = 3, width: int | None = None) -> Tensor:
    """Return noise over a slope: images with sharp and smooth parts and all grey levels."""
    generator = torch.Generator().manual_seed(size)
    noise = torch.randint(0, 256, (n, channels, size, width or size), generator=generator)
    return ((noise + torch.linspace(0, 255, width or size)) / 2).to(torch.uint8)


@pytest.fixture(scope="session")
def theirs(inception_file: Path) -> FeatureExtractorInceptionV3:
    layers = ["2048", "logits_unbiased"]
    return FeatureExtractorInceptionV3("theirs", layers, feature_extractor_weights_path=inception_file)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (299, 299), (178, 218), (301, 40)])
def test_inception_equals_torch_fidelitys(height: int, width: int, inception_file: Path, theirs: Any) -> None:
    ours, image = extractors.make("inception", weights=str(inception_file)), pictures(2, height, width=width)
    features, logits = theirs(image)
    made = ours.extract(image)
    assert features.std() > 0.01, "the random weights give distinct features"
    assert made.logits is not None
    # The bound is 1e-5, relative; for single features near zero it is relative to the mean feature.
    assert_close(made.features, features, rtol=1e-5, atol=1e-5 * features.abs().mean().item())
    assert_close(made.logits, logits, rtol=1e-5, atol=1e-5 * logits.abs().mean().item())
    assert (ours.features, ours.logits) == (made.features.shape[1], made.logits.shape[1])


def test_inception_equals_that_of_torchmetrics_without_antialiasing(inception_file: Path) -> None:
    from torchmetrics.image.fid import NoTrainInceptionV3

    image = pictures(2, 64)
    other: Any = NoTrainInceptionV3("x", ["2048"], str(inception_file), antialias=False)
    ours = extractors.make("inception", weights=str(inception_file)).extract(image).features
    assert_close(ours, other(image), rtol=1e-5, atol=1e-5 * ours.abs().mean().item())


def test_inception_takes_grey_images_as_three_equal_channels(inception_file: Path) -> None:
    ours, grey = extractors.make("inception", weights=str(inception_file)), pictures(1, 28, channels=1)
    assert torch.equal(ours.extract(grey).features, ours.extract(grey.repeat(1, 3, 1, 1)).features)


def test_each_resize_gives_other_features_and_is_recorded(inception_file: Path) -> None:
    image = pictures(1, 80)
    resizes = ("tf1", "clean", "none")
    networks = [extractors.make("inception", str(inception_file), resize) for resize in resizes]
    features = [network.extract(image).features for network in networks]
    assert tuple(network.resize for network in networks) == resizes
    assert not torch.allclose(features[0], features[1]) and not torch.allclose(features[1], features[2])


@pytest.mark.parametrize(("height", "width"), [(28, 28), (32, 32), (128, 100), (299, 299), (512, 300), (3, 1)])
def test_tf1_equals_torch_fidelitys_resize(height: int, width: int) -> None:
    image = pictures(1, height, width=width).float()
    theirs = interpolate_bilinear_2d_like_tensorflow1x(image, size=(299, 299), align_corners=False)
    assert_close(resizing.tf1(image, 299), theirs, rtol=0, atol=1e-4)  # metrics.md 2: 4.6e-5 of a grey level


@pytest.mark.parametrize("size", [32, 128, 299, 512])
def test_clean_equals_pillows_float_bicubic(size: int) -> None:
    image = pictures(1, size)
    channels = [Image.fromarray(channel.numpy().astype(np.float32), mode="F") for channel in image[0]]
    theirs = np.stack([np.asarray(channel.resize((299, 299), Image.Resampling.BICUBIC)) for channel in channels])
    made = resizing.bicubic(image.float(), 299)[0]
    assert_close(made, torch.from_numpy(theirs).clamp(0, 255), rtol=0, atol=2e-3)  # metrics.md 6
    assert made.min() >= 0 and made.max() <= 255


def test_features_do_not_depend_on_the_batch_size(inception_file: Path) -> None:
    ours, image = extractors.make("inception", weights=str(inception_file)), pictures(5, 32)
    whole = ours.extract(image).features
    ours.batch = 2
    assert_close(ours.extract(image).features, whole, rtol=1e-5, atol=1e-5 * whole.abs().mean().item())


def test_efficientnet_lite0_recognises_horses_and_zebras(shared: Path) -> None:
    """The only such classes of ImageNet are `sorrel`, 339, and `zebra`, 340."""
    ours = extractors.make("efficientnet_lite0")
    for folder, expected in (("testA", 339), ("testB", 340)):
        files = sorted((shared / "data/horse2zebra" / folder).iterdir())[:8]
        files = [file for file in files if file.suffix == ".jpg"]
        image = torch.stack([torch.from_numpy(np.array(Image.open(file).convert("RGB"))) for file in files])
        made = ours.extract(image.permute(0, 3, 1, 2))
        assert made.logits is not None and made.features.shape == (len(files), ours.features)
        assert made.logits.shape[1] == ours.logits
        assert (made.logits.topk(5).indices == expected).any(1).double().mean() > 0.6


def test_dinov2_maps_imagenets_mean_to_zero_at_its_own_size() -> None:
    image = torch.tensor([124, 116, 104], dtype=torch.uint8)[None, :, None, None].expand(1, 3, 50, 60)
    made = dinov2.normalised(image)
    assert made.shape == (1, 3, 224, 224)
    assert_close(made, torch.zeros_like(made), rtol=0, atol=0.01)  # the mean is not a whole grey level
    assert_close(dinov2.normalised(image + 20)[0, 0].mean().item(), 20 / 255 / 0.229, rtol=0, atol=0.01)


@pytest.mark.parametrize("name", ["inception", "dinov2"])
def test_without_a_network_one_line_names_the_file_to_download(name: str, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(Mistake) as refused:
        extractors.make(name)
    message = str(refused.value)
    assert "\n" not in message
    file = "weights-inception-2015-12-05-6726825d.pth" if name == "inception" else "dinov2_vitl14_pretrain.pth"
    assert file in message
    if name == "inception":
        assert "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2" in message
        assert (
            "--weights FILE" in message
            and "--extractor efficientnet_lite0" in message
            and "gan-zoo[offline]" in message
        )


def test_fit_names_its_own_options_if_weights_cannot_be_downloaded(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nothing listens there
    trainer = Trainer(run=tmp_path / "x", max_steps=1, evaluation=Evaluation("inception"), accelerator="cpu")
    with pytest.raises(Mistake) as refused:
        trainer.fit(GAN(image_shape=(1, 8, 8), latent_dim=3, width=(6,)), Tiny())
    for option in ("weights FILE", "extractor efficientnet_lite0", "extractor null"):
        assert f"--evaluation.{option}" in str(refused.value)
    assert "gan-zoo[offline]" in str(refused.value) and " --weights" not in str(refused.value)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "x.pth")
    with pytest.raises(Mistake, match=r"x\.pth holds weights of another network"):
        extractors.make("inception", weights=str(tmp_path / "x.pth"))


class Harmful:
    def __reduce__(self) -> tuple:
        return (print, ("executed",))


@pytest.mark.parametrize("content", [b"", b"no zip", Harmful(), [1, 2]])
def test_files_without_weights_are_refused_and_not_executed(
    content: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    with pytest.raises(Mistake, match=r"x\.pth"):
        extractors.make("inception", weights=str(file))
    assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lenet", {"weights": __file__}, "no such option"),
        ("lenet", {"resize": "clean"}, "no such option"),
        ("efficientnet_lite0", {"resize": "tf1"}, "no such option"),
        ("inception", {"weights": "nowhere.pth"}, "no such file"),
        ("inception", {"resize": "lanczos"}, "tf1, clean, none"),
        ("pathlib:Path", {}, "must derive from"),
    ],
)
def test_options_that_an_extractor_does_not_have_are_refused(name: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(Mistake, match=message):
        extractors.make(name, **options)


@pytest.mark.parametrize(
    ("resize", "shape", "accepted"),
    [("tf1", (4, 32, 32), False), ("tf1", (1, 3, 3), True), ("none", (3, 74, 90), False), ("none", (3, 75, 75), True)],
)
def test_inception_refuses_other_shapes(
    resize: Any, shape: tuple[int, int, int], accepted: bool, inception_file: Path
) -> None:
    ours = Inception(str(inception_file), resize)
    if accepted:
        ours.check(shape)
    else:
        with pytest.raises(Mistake, match="inception takes images"):
            ours.check(shape)


def test_float32_is_exact_within_the_block_and_the_users_setting_returns() -> None:
    backends: Any = torch.backends
    matmul = backends.cuda.matmul
    before = matmul.fp32_precision
    matmul.fp32_precision = "tf32"
    try:
        with in_float32(torch.device("cpu")):
            assert matmul.fp32_precision == backends.cudnn.conv.fp32_precision == "ieee"
        assert matmul.fp32_precision == "tf32"
    finally:
        matmul.fp32_precision = before
