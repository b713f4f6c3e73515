"""Each architecture that several objectives train has the parameter count of the program that it follows.

The networks of conditional models, of SNGAN and of VAE are counted with their models.
"""

from dataclasses import dataclass
from typing import Any

import pytest
import torch

from gan_zoo import networks
from tests.pairs import count, pair


@dataclass(frozen=True)
class Row:
    """An architecture with its arguments, and the expected parameter counts."""

    architecture: str
    image_shape: tuple[int, int, int]
    width: Any
    latent_dim: int
    norm: str
    generator: int
    discriminator: int


DIGIT, SMALL, FACE, ROOM = (1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 112, 112)
ROWS = {
    "goodfeli/adversarial": Row("maxout", DIGIT, (1200, 1200), 100, "none", 2_503_984, 1_231_441),
    "goodfeli's G and its mirror": Row("mlp", DIGIT, (1200, 1200), 100, "none", 2_503_984, 2_384_401),
    "yunjey/pytorch-tutorial": Row("mlp", DIGIT, (256, 256), 64, "none", 283_920, 267_009),
    "the course's 100-128-784 and 784-128-1": Row("mlp_relu", DIGIT, (128,), 100, "none", 114_064, 100_609),
    "pytorch/examples, WGAN's 64": Row("dcgan", FACE, 64, 100, "batch", 3_576_704, 2_765_568),
    "WGAN's 64 without batch norm": Row("dcgan_plain", FACE, 64, 100, "batch", 3_574_784, 2_763_776),
    "WGAN's 32": Row("dcgan", SMALL, 64, 100, "batch", 1_068_928, 663_296),
    "WGAN's MLP": Row("mlp_relu", FACE, (512, 512, 512), 100, "none", 6_880_768, 6_817_793),
    "WGAN's MLP critic of 64": Row("mlp_relu", FACE, (64, 64, 64), 100, "none", 813_504, 794_881),
    "Newmu/dcgan_code, faces": Row("dcgan_faces", FACE, 128, 100, "batch", 18_885_760, 17_232_768),
    "xudonmao/LSGAN, 112": Row("lsgan", ROOM, 64, 1024, "batch", 15_591_427, 4_333_441),
    "WGAN-GP's MNIST": Row("conv5_mnist", DIGIT, 64, 128, "layer", 1_554_177, 1_030_145),
    "WGAN-GP's plain CIFAR-10, 64": Row("conv5_cifar", SMALL, 64, 128, "layer", 1_565_955, 1_033_345),
    "WGAN-GP's plain CIFAR-10, 128": Row("conv5_cifar", SMALL, 128, 128, "layer", 5_179_907, 4_114_689),
    "WGAN-GP's CIFAR-10 ResNet": Row("resnet", SMALL, 128, 128, "none", 1_204_483, 1_053_825),
    "WGAN-GP's good ResNet": Row("resnet_good", FACE, 64, 128, "layer", 8_540_483, 7_491_841),
    "grid 1": Row("conv5", FACE, 64, 128, "layer", 5_364_739, 4_316_545),
    "grid 1 with batch norm in D": Row("conv5", FACE, 64, 128, "batch", 5_364_739, 4_316_545),
    "grid 2": Row("conv5_constant", FACE, 64, 128, "layer", 444_291, 4_316_545),
    "grid 3, and the program's FC critic": Row("mlp_he", FACE, 64, 128, "none", 7_157_760, 7_080_449),
    "grid 4": Row("conv5_plain", FACE, 64, 128, "layer", 5_362_819, 4_314_753),
    "grid 5": Row("conv5_gated", FACE, 64, 128, "layer", 10_724_675, 8_624_897),
    "grid 6": Row("conv5_tanh", FACE, 64, 128, "layer", 5_364_739, 4_316_545),
    "grid 7": Row("resnet101", FACE, 64, 128, "layer", 9_189_587, 7_618_801),
}
COUNTED_ELSEWHERE = {"sngan_resnet", "sngan_cnn", "acgan"}  # tests/models/test_sngan.py and test_classes.py


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_parameters_are_as_many_as_in_the_program_followed(row):
    with torch.device("meta"):
        generator, discriminator = pair(row.architecture, row.image_shape, row.width, row.latent_dim, row.norm)
    assert (count(generator), count(discriminator)) == (row.generator, row.discriminator)


def test_every_architecture_is_counted():
    names = networks.GENERATORS.keys() | networks.DISCRIMINATORS.keys()
    assert names - COUNTED_ELSEWHERE == {row.architecture for row in ROWS.values()}
