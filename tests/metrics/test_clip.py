"""CLIP's image encoder, compared with the embeddings of two other programs.

The files in tests/fixtures/clip hold a small encoder with random weights, which are whole numbers of float16:
`transformers.safetensors` as `CLIPVisionModelWithProjection(CLIPVisionConfig(hidden_size=8, intermediate_size=32,
num_hidden_layers=2, num_attention_heads=2, image_size=8, patch_size=4, projection_dim=6))` of transformers 5.24 saves
it, and `openai.safetensors` by the names of OpenAI's `clip.model.VisionTransformer`. `expected.safetensors` holds three
uint8 images and the embeddings that transformers computed of them in float64; OpenAI's code gave the same to 2e-15.
"""

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.testing import assert_close

from gan_zoo.errors import Mistake
from gan_zoo.metrics import extractors
from gan_zoo.metrics.extractors import clip
from gan_zoo.metrics.extractors.clip import ClipViTL14At336, VisionTransformer

FOLDER = Path(__file__).parents[1] / "fixtures" / "clip"
ORIGINS = ("transformers", "openai")


class Small(ClipViTL14At336):
    """The extractor with the small encoder of the files."""

    features = 6
    size, patch, width, depth, heads = 8, 4, 8, 2, 2


def file_of(origin: str) -> str:
    return str(FOLDER / f"{origin}.safetensors")


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_embeddings_are_those_of_transformers_and_of_openai(origin: str) -> None:
    expected = load_file(FOLDER / "expected.safetensors")
    made = Small(file_of(origin)).eval().extract(expected["image"]).features
    assert expected["embeddings"].std() > 1, "the random weights give distinct embeddings"
    assert_close(made.double(), expected["embeddings"], rtol=0, atol=1e-5)  # float32 against float64


def test_files_of_either_origin_have_one_fingerprint() -> None:
    assert len({Small(file_of(origin)).fingerprint() for origin in ORIGINS}) == 1


@pytest.mark.parametrize("name", ["model.pt", "pytorch_model.bin"])
def test_files_of_torch_and_of_all_of_clip_are_read(name: str, tmp_path: Path) -> None:
    encoder = load_file(file_of("transformers"))
    old = {"vision_model.embeddings.position_ids": torch.arange(5)[None], "text_projection.weight": torch.zeros(2, 2)}
    torch.save(encoder | old, tmp_path / name)
    assert Small(str(tmp_path / name)).fingerprint() == Small(file_of("openai")).fingerprint()


class Named(nn.Module):
    """The encoder as `visual`, as in OpenAI's file, which is a program in TorchScript."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = VisionTransformer(8, 4, 8, 2, 2, 6).eval()
        state = load_file(file_of("openai"))
        self.visual.load_state_dict({name[7:]: value for name, value in state.items() if name.startswith("visual.")})

    def forward(self, image: Tensor) -> Tensor:
        return self.visual(image)


def test_openais_program_is_opened_only_if_it_is_the_published_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ViT-L-14-336px.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises against TorchScript, and OpenAI's file has it
        image = torch.zeros(1, 3, 8, 8, dtype=torch.half)
        torch.jit.save(torch.jit.trace(Named().half(), image, check_trace=False), file)
    with pytest.raises(Mistake, match=r"ViT-L-14-336px\.pt is a program in TorchScript, and not the one"):
        Small(str(file))
    monkeypatch.setattr(clip, "SHA256", hashlib.sha256(file.read_bytes()).hexdigest())
    assert Small(str(file)).fingerprint() == Small(file_of("openai")).fingerprint()


def test_the_count_of_parameters_is_that_of_vit_l14_at_336() -> None:
    """304,293,888, by the sizes in Radford 2021, table 20, term by term."""
    width, tokens = 1024, (336 // 14) ** 2 + 1
    block = 4 * (width * width + width) + 2 * 2 * width + (4 * width * width + 4 * width) + (4 * width * width + width)
    expected = 3 * 14 * 14 * width + width + tokens * width + 2 * 2 * width + 24 * block + width * 768
    with torch.device("meta"):
        network = VisionTransformer(336, 14, 1024, 24, 16, 768)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected == 304_293_888
    sizes = ClipViTL14At336.size, ClipViTL14At336.patch, ClipViTL14At336.width, ClipViTL14At336.depth
    assert (*sizes, ClipViTL14At336.heads, ClipViTL14At336.features) == (336, 14, 1024, 24, 16, 768)


@pytest.mark.parametrize(("height", "width"), [(28, 28), (400, 351)])
def test_images_are_cropped_to_a_square_and_resized_as_the_authors_program_does(height: int, width: int) -> None:
    """It crops the middle square, resizes by Pillow, divides by 255, and normalises by CLIP's mean and deviation."""
    array = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    theirs = (
        Image.fromarray(array).crop((left, top, left + side, top + side)).resize((336, 336), Image.Resampling.BICUBIC)
    )
    expected = (np.asarray(theirs).astype(np.float64) / 255 - clip.MEAN) / clip.DEVIATION
    image = torch.from_numpy(array).permute(2, 0, 1)[None]
    made = clip.prepared(image, 336)
    assert_close(made[0].permute(1, 2, 0).double(), torch.from_numpy(expected), rtol=0, atol=1e-5)


def test_grey_images_have_three_equal_channels() -> None:
    network, grey = Small(file_of("openai")).eval(), torch.arange(64, dtype=torch.uint8).view(1, 1, 8, 8)
    assert torch.equal(network.extract(grey).features, network.extract(grey.repeat(1, 3, 1, 1)).features)


def test_without_weights_one_line_says_which_file_to_fetch() -> None:
    with pytest.raises(Mistake) as refused:
        extractors.make("clip_vit_l14_336")
    message = str(refused.value)
    assert "\n" not in message
    assert "ViT-L-14-336px.pt" in message and clip.SHA256[:16] in message and "--weights FILE" in message
    assert "openai/clip-vit-large-patch14-336" in message and "model.safetensors" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"fc.weight": torch.zeros(2, 2)}, "holds no image encoder of CLIP"),
        ({"visual.proj": torch.zeros(2, 2)}, "holds weights of another network than CLIP ViT-L/14@336px"),
        (load_file(file_of("transformers")), "holds weights of another network than CLIP ViT-L/14@336px"),
        (b"no tensors", "is not a file of weights"),
    ],
)
def test_other_files_are_refused_in_one_line(content: dict[str, Tensor] | bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x.safetensors"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        save_file(content, file)
    with pytest.raises(Mistake, match=rf"x\.safetensors {message}") as refused:
        extractors.make("clip_vit_l14_336", str(file))
    assert "\n" not in str(refused.value)
