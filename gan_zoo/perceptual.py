"""Features of a trained VGG network, and the content and style losses that compare them.

The networks are VGG-16 and VGG-19 (Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556) in torchvision's
layout. Features have the names of the papers: relu4_2 is the output of the second convolution of the fourth block,
after its ReLU.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from gan_zoo.errors import Mistake
from gan_zoo.layers import at_least_float32, channel_moments, channels_last
from gan_zoo.lookup import closest
from gan_zoo.published import published

Images = Float[Tensor, "n 3 h w"]
Maps = Float[Tensor, "n c h w"]
OtherMaps = Float[Tensor, "n c H W"]
Loss = Float[Tensor, ""]
Network = Literal["vgg16", "vgg19"]

BLOCKS: dict[str, tuple[int, ...]] = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
"""Number of convolutions in each block. All blocks but the last end by halving the size."""
WIDTHS = (64, 128, 256, 512, 512)
"""Channels of each block."""
FILES = {"vgg16": "vgg16-397923af.pth", "vgg19": "vgg19-dcbb9e9d.pth"}
"""File names of torchvision's ImageNet weights (IMAGENET1K_V1) at download.pytorch.org/models."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's colours, for images in [0, 1]."""


class Convolution(nn.Module):
    """A frozen 3 x 3 convolution and its ReLU. The weights are buffers that no optimizer and no checkpoint holds."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, padding: str) -> None:
        super().__init__()
        self.padding = padding
        self.register_buffer("weight", weight.float(), persistent=False)
        self.register_buffer("bias", bias.float(), persistent=False)

    def forward(self, x: Maps) -> Float[Tensor, "n d h w"]:
        if self.padding == "reflect":
            return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), self.weight, self.bias).relu()
        return F.conv2d(x, self.weight, self.bias, padding=1).relu()


class Features(nn.Module):
    """A frozen VGG that maps images in [-1, 1], which it normalises itself, to features by name.

    Args:
        taps: Names of the features, such as ("relu1_1", "relu4_2"). The network ends at the deepest one.
        network: VGG-16 or VGG-19.
        weights: File of a state dict with torchvision's names, of the whole network or only of its features, in half or
            single precision; None uses torchvision's weights, downloaded on first use.
        pooling: How the size is halved. Average pooling gives smoother style transfers (Gatys 2016, section 2).
        padding: `zeros`, as in training, or `reflect`, which avoids artefacts at the border (Huang 2017).

    Raises:
        Mistake: A name is unknown, or the weights are missing, damaged, of another network, or cannot be downloaded.
    """

    def __init__(
        self,
        taps: tuple[str, ...],
        network: Network = "vgg19",
        weights: str | None = None,
        pooling: Literal["max", "average"] = "max",
        padding: Literal["zeros", "reflect"] = "zeros",
    ) -> None:
        super().__init__()
        names = layer_names(network)
        for tap in taps:
            if tap not in names:
                raise Mistake(f"{network} has no layer {tap}{closest(tap, names)}: there are {', '.join(names)}.")
        self.taps = tuple(taps)
        self.depth = 1 + max(names.index(tap) for tap in taps)
        self.network, self.names, self.pooling = network, names[: self.depth], pooling
        self.padding = padding
        state = read_weights(Path(weights), network) if weights else download(network)
        self.convolutions = nn.ModuleList(
            Convolution(state[f"{place}.weight"], state[f"{place}.bias"], padding)
            for place in places(network)[: self.depth]
        )
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)
        channels_last(self)

    mean: Tensor
    deviation: Tensor

    @property
    def stride(self) -> int:
        """Number of pixels, a side, that one position of the deepest feature stands for."""
        return 2 ** (int(self.names[-1][4]) - 1)

    @property
    def reach(self) -> int:
        """Number of pixels beyond those that a position of the deepest feature stands for, on which it depends too."""
        # Each convolution looks one position further, at its own scale. Pooling does not look further.
        return sum(2 ** (int(name[4]) - 1) for name in self.names)

    @property
    def least_side(self) -> int:
        """Shortest side in pixels of an image that the network takes."""
        # The deepest feature needs one position a side, and reflecting a border needs two.
        return 2 * self.stride if self.padding == "reflect" else self.stride

    def forward(self, image: Images) -> dict[str, Float[Tensor, "n _ _ _"]]:
        """Return the features of `image` by name. Gradients reach `image`."""
        if min(image.shape[2:]) < self.least_side:
            raise Mistake(
                f"An image of {image.shape[3]} x {image.shape[2]} pixels is too small for {self.names[-1]}: "
                f"it needs at least {self.least_side} a side."
            )
        features, x = {}, ((at_least_float32(image) + 1) / 2 - self.mean) / self.deviation
        for i, (name, convolution) in enumerate(zip(self.names, self.convolutions, strict=True)):
            if i and name[4] != self.names[i - 1][4]:
                x = F.max_pool2d(x, 2) if self.pooling == "max" else F.avg_pool2d(x, 2)
            x = convolution(x)
            if name in self.taps:
                features[name] = x
        return features

    def fingerprint(self) -> str:
        """Return a hash of the weights in use. Distances are comparable only if the fingerprints are equal."""
        digest = hashlib.sha256()
        for buffer in self.buffers():
            digest.update(buffer.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]


def layer_names(network: Network) -> list[str]:
    """Return the names of the features of `network`, one for each convolution: relu1_1, relu1_2, relu2_1 ..."""
    return [name for name, _, _ in plan(network)]


def plan(network: str) -> list[tuple[str, int, int]]:
    """Return (name, channels in, channels out) of each convolution of `network`."""
    layers, before = [], 3
    for block, (count, width) in enumerate(zip(BLOCKS[network], WIDTHS, strict=True), 1):
        for i in range(1, count + 1):
            layers.append((f"relu{block}_{i}", before, width))
            before = width
    return layers


def places(network: str) -> list[int]:
    """Return the positions of the convolutions in torchvision's `features`."""
    # A ReLU follows each convolution, and a pooling each block.
    before = [sum(BLOCKS[network][:block]) * 2 + block for block in range(len(WIDTHS))]
    return [first + 2 * i for first, count in zip(before, BLOCKS[network], strict=True) for i in range(count)]


def read_weights(file: Path, network: Network) -> dict[str, Tensor]:
    """Return the weights of the convolutions in `file` under the names of torchvision's `features`, such as "0.weight".

    Raises:
        Mistake: The file is missing, is no state dict, has values that are not finite, or is of another network. The
            message says what the file holds.
    """
    if not file.is_file():
        raise Mistake(f"There is no file {file} with the weights of {network}: name one with --vgg-weights.")
    try:
        state = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for damaged and for dangerous files
        raise Mistake(f"{file} is not a state dict that can be read safely ({type(error).__name__}).") from error
    if not (isinstance(state, Mapping) and all(isinstance(value, Tensor) for value in state.values())):
        raise Mistake(
            f"{file} holds a {type(state).__name__}, not a state dict of names and tensors: name another file."
        )
    weights = {str(name).removeprefix("features."): value for name, value in state.items() if "classifier" not in name}
    shapes = {name: tuple(value.shape) for name, value in weights.items() if name.endswith(("weight", "bias"))}
    if shapes != expected_shapes(network):
        matching = [other for other in BLOCKS if shapes == expected_shapes(other)]
        content = matching[0] if matching else f"{len(shapes)} tensors, {', '.join(list(shapes)[:3])} ..."
        raise Mistake(f"{file} is not of {network}: it holds {content}. Name that network, or another file.")
    broken = [name for name, value in weights.items() if not value.isfinite().all()]
    if broken:
        raise Mistake(f"{file} has infinite or NaN values in {broken[0]}: fetch it again.")
    return weights


def expected_shapes(network: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights and biases of the convolutions of `network`, by torchvision's names."""
    convolutions = list(zip(places(network), plan(network), strict=True))
    weights = {f"{place}.weight": (out, into, 3, 3) for place, (_, into, out) in convolutions}
    return weights | {f"{place}.bias": (out,) for place, (_, _, out) in convolutions}


def download(network: Network) -> dict[str, Tensor]:
    """Return torchvision's weights, from torch.hub's folder or downloaded.

    Raises:
        Mistake: The download fails (the message says which file to fetch), or a different file lies in torch.hub's
            folder under this name.
    """
    address = f"https://download.pytorch.org/models/{FILES[network]}"
    try:
        state = published(address, FILES[network].partition("-")[2].partition(".")[0])
    except OSError as error:
        raise Mistake(
            f"The weights of {network} are not here and cannot be downloaded: fetch {address} and name the file "
            "with --vgg-weights."
        ) from error
    return {name.removeprefix("features."): value for name, value in state.items() if name.startswith("features.")}


def gram(features: Maps) -> Float[Tensor, "n c c"]:
    """Return the Gram matrices F F', with rows of F for channels and columns for pixels (Gatys 2016).

    They do not depend on the order of the pixels.
    """
    flat = features.flatten(2)
    return flat @ flat.mT


def relative_error(result: Tensor, target: Tensor) -> Loss:
    """Return the mean squared difference divided by the mean square of `target`: 1 for a result of zeros."""
    # The scale of the features, and so the right weights of losses on them, differs a hundredfold between trained VGGs.
    # With relative errors, the same weights suit all of them.
    target = at_least_float32(target)
    return F.mse_loss(at_least_float32(result), target) / target.square().mean()


def content_loss(result: Maps, content: Maps) -> Loss:
    """Return the relative error of features (Gatys 2016, Eq. 1, normalised by `relative_error`)."""
    return relative_error(result, content)


def gram_loss(result: Maps, style: OtherMaps) -> Loss:
    """Return the relative error of Gram matrices (Gatys 2016, Eq. 4, normalised by `relative_error`).

    The matrices are divided by their numbers of pixels, so that the sizes of the images may differ.
    """
    return relative_error(gram(result) / result[0, 0].numel(), gram(style) / style[0, 0].numel())


def moments_loss(result: Maps, style: OtherMaps) -> Loss:
    """Return the relative errors, summed, of the channels' means and deviations (Huang 2017, a term of Eq. 13)."""
    pairs = zip(channel_moments(result), channel_moments(style), strict=True)
    return torch.stack([relative_error(own, target) for own, target in pairs]).sum()


def perceptual_distance(features: Mapping[str, Maps], others: Mapping[str, Maps]) -> Float[Tensor, " n"]:
    """Return how much images differ to a VGG: LPIPS without its learnt weights (Zhang 2018, Eq. 1).

    The channels of each position are scaled to length 1; their squared differences are averaged over positions and
    added up over layers.

    Args:
        features: Features of the images, from `Features`.
        others: Features of the images that they are compared with, by the same names.
    """
    terms = [
        (F.normalize(maps, dim=1) - F.normalize(others[name], dim=1)).square().sum(1).mean((1, 2))
        for name, maps in features.items()
    ]
    return torch.stack(terms).sum(0)


def total_variation(image: Images) -> Loss:
    """Return the mean squared difference of vertical neighbours, plus that of horizontal neighbours."""
    down, across = image[:, :, 1:] - image[:, :, :-1], image[:, :, :, 1:] - image[:, :, :, :-1]
    return down.square().mean() + across.square().mean()
