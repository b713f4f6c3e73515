"""CLIP ViT-L/14 for images of 336 pixels (Radford 2021), whose image embeddings define CMMD (Jayasumana 2024)."""

import hashlib
import re
import warnings
import zipfile
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import linear

from gan_zoo.errors import MissingWeights, Mistake
from gan_zoo.metrics.extractors import resizing
from gan_zoo.metrics.extractors.base import Extractor, Features, colour, expecting, read_weights, refuse_channels

SHA256 = "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02"  # OpenAI's address of the file holds it
SOURCES = (
    f"ViT-L-14-336px.pt of OpenAI (sha256 {SHA256[:16]} ...) or model.safetensors of openai/clip-vit-large-patch14-336"
)
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # of CLIP's own training
OPENAI_NAMES = {
    r"^embeddings\.class_embedding$": "class_embedding",
    r"^embeddings\.patch_embedding\.": "conv1.",
    r"^embeddings\.position_embedding\.weight$": "positional_embedding",
    r"^pre_layrnorm\.": "ln_pre.",  # the missing e is in their files
    r"^post_layernorm\.": "ln_post.",
    r"^encoder\.layers\.": "transformer.resblocks.",
    r"\.self_attn\.": ".attn.",
    r"\.layer_norm([12])\.": r".ln_\1.",
    r"\.mlp\.fc1\.": ".mlp.c_fc.",
    r"\.mlp\.fc2\.": ".mlp.c_proj.",
}
"""What stands in OpenAI's files for each part of the names in files of the package transformers."""


class QuickGELU(nn.Module):
    """The approximation x sigmoid(1.702 x) of GELU that CLIP was trained with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    """Attention and two dense layers, each behind a layer norm and beside an identity."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", QuickGELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))

    def forward(self, x: Float[Tensor, "n t w"]) -> Float[Tensor, "n t w"]:
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class VisionTransformer(nn.Module):
    """CLIP's image encoder, with OpenAI's names of the weights.

    Args:
        size: Height and width of the images.
        patch: Height and width of the square that becomes one token.
        width: Numbers per token.
        depth: Number of blocks.
        heads: Heads of the attention.
        features: Length of the embedding.
    """

    def __init__(self, size: int, patch: int, width: int, depth: int, heads: int, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros((size // patch) ** 2 + 1, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = nn.ModuleDict({"resblocks": nn.Sequential(*(Block(width, heads) for _ in range(depth)))})
        self.proj = nn.Parameter(torch.zeros(width, features))

    def forward(self, image: Float[Tensor, "n 3 s s"]) -> Float[Tensor, "n d"]:
        patches = self.conv1(image).flatten(2).mT
        tokens = torch.cat([self.class_embedding.expand(len(image), 1, -1), patches], 1) + self.positional_embedding
        return linear(self.ln_post(self.transformer["resblocks"](self.ln_pre(tokens))[:, 0]), self.proj.mT)


class ClipViTL14At336(Extractor):
    """The 768 numbers of the image embedding; CMMD scales them to length 1 itself.

    Args:
        weights: File of the weights; `SOURCES` says which. Files of either origin give the same features.

    Raises:
        Mistake: There is no file, or it holds another network.
    """

    name = "clip_vit_l14_336"
    features = 768
    resize = "square crop, pillow bicubic"
    batch = 32
    size, patch, width, depth, heads = 336, 14, 1024, 24, 16

    def __init__(self, weights: str | None) -> None:
        super().__init__()
        if weights is None:
            raise MissingWeights(f"{self.name} needs {SOURCES}, and downloads neither")
        with torch.device("meta"):  # no memory for weights that the file's replace
            self.network = VisionTransformer(self.size, self.patch, self.width, self.depth, self.heads, self.features)
        state = image_encoder(read(weights), weights)
        with expecting("CLIP ViT-L/14@336px", weights):
            self.network.load_state_dict(state, assign=True)

    def forward(self, image: UInt8[Tensor, " n c h w"]) -> Features:
        return Features(self.network(prepared(image, self.size)))

    def check(self, image_shape: tuple[int, int, int]) -> None:
        refuse_channels(self.name, image_shape)


def prepared(image: UInt8[Tensor, " n c h w"], size: int) -> Float[Tensor, " n 3 {size} {size}"]:
    """Return the middle squares at `size` x `size`, normalised by the mean and deviation of CLIP's training images."""
    resized = resizing.pillow_bicubic(resizing.square(colour(image)), size)
    mean, deviation = (torch.tensor(values, device=image.device)[:, None, None] for values in (MEAN, DEVIATION))
    return (resized.float() / 255 - mean) / deviation


def read(file: str) -> dict[str, Tensor]:
    """Return the tensors of a file of weights.

    OpenAI's file is a program in TorchScript. A program could do anything, so only the published one is opened.

    Raises:
        Mistake: The file cannot be read safely.
    """
    if not is_program(file):
        return read_weights(file)
    with open(file, "rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != SHA256:
            raise Mistake(f"{file} is a program in TorchScript, and not the one that is needed: fetch {SOURCES}.")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*jit.load.* is deprecated", FutureWarning)
        return dict(torch.jit.load(Path(file), map_location="cpu").state_dict())


def is_program(file: str) -> bool:
    """Return whether a file is an archive of TorchScript, which has constants beside its tensors."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def image_encoder(state: dict[str, Tensor], file: str) -> dict[str, Tensor]:
    """Return the weights of the image encoder in float32, by OpenAI's names.

    Args:
        state: Tensors with the names of OpenAI or of transformers, of the image encoder or of all of CLIP.
        file: Where they come from, for the message.

    Raises:
        Mistake: There is no image encoder.
    """
    if "visual_projection.weight" in state:
        ours = from_transformers(state)
    else:
        ours = {name.removeprefix("visual."): value for name, value in state.items() if name.startswith("visual.")}
    if not ours:
        raise Mistake(f"{file} holds no image encoder of CLIP with its projection: fetch {SOURCES}.")
    return {name: value.float().contiguous() for name, value in ours.items()}


def from_transformers(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of the image encoder by OpenAI's names, from weights with those of transformers."""
    encoder = "vision_model."
    ours = {"proj": state["visual_projection.weight"].mT}
    for name, value in state.items():
        if name.startswith(encoder) and not name.endswith("position_ids"):  # in older files: a count from 0
            ours[openai_name(name.removeprefix(encoder))] = value
    for query in [name for name in ours if ".q_proj." in name]:
        parts = [ours.pop(query.replace(".q_proj.", f".{part}_proj."), torch.empty(0)) for part in "qkv"]
        ours[query.replace("q_proj.", "in_proj_")] = torch.cat(parts)
    return ours


def openai_name(name: str) -> str:
    """Return OpenAI's name of a weight that transformers calls `name`."""
    for theirs, replacement in OPENAI_NAMES.items():
        name = re.sub(theirs, replacement, name)
    return name
