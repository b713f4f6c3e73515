"""Distances between images as a trained VGG network sees them: its features by name, content and style losses.

VGG-16 and VGG-19 (Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556) in torchvision's layout. A feature is
named as in the papers: relu4_2 is what leaves the second convolution of the fourth block, after its ReLU.
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
"""Convolutions of each block; all but the last block end in a halving of the size."""
WIDTHS = (64, 128, 256, 512, 512)
FILES = {"vgg16": "vgg16-397923af.pth", "vgg19": "vgg19-dcbb9e9d.pth"}
"""torchvision's weights on ImageNet (IMAGENET1K_V1), published under this name at download.pytorch.org/models."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, for images in [0, 1]


class Convolution(nn.Module):
    """A 3 x 3 convolution and ReLU that is not trained: its weights are in no optimizer and in no checkpoint."""

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
    """A frozen VGG from images in [-1, 1] to the features that are asked for by name; it owns their normalisation.

    Args:
        taps: names, e.g. ("relu1_1", "relu4_2"); the network ends at the deepest.
        network: which of the two.
        weights: a state dict with torchvision's names, of the whole network or of its features alone, in half or single
            precision; None: torchvision's, downloaded on first use.
        pooling: what halves the size; the average gives smoother style transfers (Gatys 2016, section 2).
        padding: zeros, as the network was trained, or reflect, which leaves no border (Huang 2017).

    Raises:
        Mistake: an unknown name, no such file, another network's weights, or no network to download them over.
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
        """Pixels of the image that one position of the deepest feature stands for."""
        return 2 ** (int(self.names[-1][4]) - 1)

    @property
    def reach(self) -> int:
        """Pixels around those that a position of the deepest feature stands for, which it depends on too.

        A convolution looks one position further at its own scale; a pooling looks at what its result stands for.
        """
        return sum(2 ** (int(name[4]) - 1) for name in self.names)

    @property
    def least_side(self) -> int:
        """Pixels a side of the smallest image: one position of the deepest feature, two where borders are reflected."""
        return 2 * self.stride if self.padding == "reflect" else self.stride

    def forward(self, image: Images) -> dict[str, Float[Tensor, "n _ _ _"]]:
        """The features by name; gradients reach the image."""
        if min(image.shape[2:]) < self.least_side:
            raise Mistake(
                f"An image of {image.shape[3]} x {image.shape[2]} pixels is too small for {self.names[-1]}: "
                f"it needs at least {self.least_side} a side."
            )
        found, x = {}, ((at_least_float32(image) + 1) / 2 - self.mean) / self.deviation
        for i, (name, convolution) in enumerate(zip(self.names, self.convolutions, strict=True)):
            if i and name[4] != self.names[i - 1][4]:
                x = F.max_pool2d(x, 2) if self.pooling == "max" else F.avg_pool2d(x, 2)
            x = convolution(x)
            if name in self.taps:
                found[name] = x
        return found

    def fingerprint(self) -> str:
        """A hash of the weights in use: distances by other weights are not compared."""
        digest = hashlib.sha256()
        for buffer in self.buffers():
            digest.update(buffer.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]


def layer_names(network: Network) -> list[str]:
    """relu1_1, relu1_2, relu2_1 ...: one for each convolution of `network`."""
    return [name for name, _, _ in plan(network)]


def plan(network: str) -> list[tuple[str, int, int]]:
    """(name, channels in, channels out) of each convolution of `network`."""
    layers, before = [], 3
    for block, (count, width) in enumerate(zip(BLOCKS[network], WIDTHS, strict=True), 1):
        for i in range(1, count + 1):
            layers.append((f"relu{block}_{i}", before, width))
            before = width
    return layers


def places(network: str) -> list[int]:
    """Where torchvision's `features` has the convolutions: each is followed by its ReLU, each block by its pooling."""
    before = [sum(BLOCKS[network][:block]) * 2 + block for block in range(len(WIDTHS))]
    return [first + 2 * i for first, count in zip(before, BLOCKS[network], strict=True) for i in range(count)]


def read_weights(file: Path, network: Network) -> dict[str, Tensor]:
    """The convolutions' weights in `file`, as torchvision's `features` names them: "0.weight", "0.bias" ...

    Raises:
        Mistake: no such file, not a state dict, numbers that are none, or not of this network: says what it holds.
    """
    if not file.is_file():
        raise Mistake(f"There is no file {file} with the weights of {network}: name one with --vgg-weights.")
    try:
        state = torch.load(file, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many kinds for damaged and for dangerous files
        raise Mistake(f"{file} is not a state dict that can be read safely ({type(error).__name__}).") from error
    if not (isinstance(state, Mapping) and all(isinstance(value, Tensor) for value in state.values())):
        raise Mistake(f"{file} holds no state dict: a {type(state).__name__}, where names and tensors are wanted.")
    found = {str(name).removeprefix("features."): value for name, value in state.items() if "classifier" not in name}
    shapes = {name: tuple(value.shape) for name, value in found.items() if name.endswith(("weight", "bias"))}
    if shapes != expected_shapes(network):
        known = [other for other in BLOCKS if shapes == expected_shapes(other)]
        what = known[0] if known else f"{len(shapes)} tensors, {', '.join(list(shapes)[:3])} ..."
        raise Mistake(f"{file} is not of {network}: it holds {what}. Name that network, or another file.")
    broken = [name for name, value in found.items() if not value.isfinite().all()]
    if broken:
        raise Mistake(f"{file} holds infinite numbers, or none at all, in {broken[0]}: fetch it again.")
    return found


def expected_shapes(network: str) -> dict[str, tuple[int, ...]]:
    """The shapes of each convolution's weights and biases in `network`, by torchvision's names."""
    convolutions = list(zip(places(network), plan(network), strict=True))
    weights = {f"{place}.weight": (out, into, 3, 3) for place, (_, into, out) in convolutions}
    return weights | {f"{place}.bias": (out,) for place, (_, _, out) in convolutions}


def download(network: Network) -> dict[str, Tensor]:
    """Return torchvision's weights, from torch.hub's folder or from their address.

    Raises:
        Mistake: there is no network (says which file to fetch), or another file lies in torch.hub's folder.
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
    """F F': the sum over pixels of each pixel's outer product with itself, whatever the pixels' order (Gatys 2016)."""
    flat = features.flatten(2)
    return flat @ flat.mT


def relative_error(result: Tensor, target: Tensor) -> Loss:
    """The mean squared difference as a share of the target's mean square: 1 for a result of zeros.

    VGG networks of different training differ a hundredfold in the scale of their features, and so in which weights of
    losses fit; shares do not.
    """
    target = at_least_float32(target)
    return F.mse_loss(at_least_float32(result), target) / target.square().mean()


def content_loss(result: Maps, content: Maps) -> Loss:
    """The relative error of features (Gatys 2016, Eq. 1, so normalised)."""
    return relative_error(result, content)


def gram_loss(result: Maps, style: OtherMaps) -> Loss:
    """The relative error of Gram matrices per pixel, so that sizes may differ (Gatys 2016, Eq. 4, so normalised)."""
    return relative_error(gram(result) / result[0, 0].numel(), gram(style) / style[0, 0].numel())


def moments_loss(result: Maps, style: OtherMaps) -> Loss:
    """The relative errors of every channel's mean and deviation (Huang 2017, a term of Eq. 13, so normalised)."""
    pairs = zip(channel_moments(result), channel_moments(style), strict=True)
    return torch.stack([relative_error(mine, theirs) for mine, theirs in pairs]).sum()


def total_variation(image: Images) -> Loss:
    """The mean squared difference of neighbouring pixels, down and across."""
    down, across = image[:, :, 1:] - image[:, :, :-1], image[:, :, :, 1:] - image[:, :, :, :-1]
    return down.square().mean() + across.square().mean()
