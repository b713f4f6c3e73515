"""Train a classifier of CelebA's attributes, which measures whether StarGAN's faces have the requested attributes:

    python -m gan_zoo.metrics.train_attributes --root data/celeba --attributes Male Smiling --out faces.safetensors

The last tenth of the images, by number, is held out to measure the accuracy; for all of CelebA this is the test split
and 298 images of the validation split. Training makes eight passes over the others with Adam, its learning rate falling
from 1e-3 to 0 on a cosine, and batches of 64 images, half of them mirrored.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from datamodules.celeba import WIDTH, CelebA
from datamodules.errors import DataError
from datamodules.images import Images
from datamodules.order import Request
from gan_zoo import images
from gan_zoo.errors import Mistake
from gan_zoo.metrics.attributes import WIDTHS, AttributeNet, Worth, is_classifier, write
from gan_zoo.run.outputs import refuse_loss
from gan_zoo.sampling import evaluating

PASSES, BATCH, LEAST_SIDE = 8, 64, 2 ** len(WIDTHS)


def main(arguments: list[str] | None = None) -> int:
    """Train, print the accuracy, and write the file. Return 0, or 2 after a mistake of the user."""
    options = parser().parse_args(arguments)
    torch.manual_seed(options.seed)
    names = tuple(options.attributes)
    try:
        refuse_loss([options.out], is_ours=is_classifier)
        data = CelebA(options.root, "all", names, resolution=options.resolution, centre_crop=options.centre_crop)
        data.setup("fit")
        if options.resolution < LEAST_SIDE:
            raise DataError(
                f"--resolution is {options.resolution}: the network halves it so often that it needs {LEAST_SIDE}."
            )
        try:
            options.out.parent.mkdir(parents=True, exist_ok=True)  # before the training, which is long
        except OSError as error:
            raise DataError(f"--out is {options.out}: its folder cannot be made ({error.strerror}).") from error
        if not data.num_classes:
            raise DataError("--attributes is empty: name one or more, such as Male and Smiling.")
    except (DataError, Mistake) as error:
        print(f"train_attributes: {error}")
        return 2
    order, train = np.arange(len(data.images)), len(data.images) * 9 // 10
    network = AttributeNet(names, options.resolution)
    fit(network, data.images, order[:train], options.passes)
    network.worth = worth(network, data.images, order[train:])
    held_out = len(order) - train
    for attribute in network.worth:
        print(
            f"{attribute.name}: right on {attribute.accuracy:.1%} of {held_out} held-out images, on "
            f"{attribute.of_those_with:.1%} of those with it and {attribute.of_those_without:.1%} of those without"
        )
    write(network, options.out, f"{train} images of {data.images.name}; the other {held_out} were held out")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m gan_zoo.metrics.train_attributes", description=__doc__)
    option = parser.add_argument
    option("--root", required=True, help="folder of CelebA, as in data.root")
    option("--attributes", nargs="+", required=True, help="names of the attributes, as in data.attributes")
    option("--resolution", type=int, default=64, help="pixels a side (default 64)")
    option("--centre-crop", "--centre_crop", type=int, default=WIDTH, help="data.centre_crop of the run to be scored")
    option("--passes", type=int, default=PASSES, help=f"number of passes over the images (default {PASSES})")
    option("--seed", type=int, default=0, help="seed of the weights and of the order (default 0)")
    option("--out", type=Path, required=True, help="file to write")
    return parser


def fit(network: AttributeNet, faces: Images, chosen: np.ndarray, passes: int) -> None:
    """Train on the `faces` at the indices `chosen`, `passes` times."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    size = min(BATCH, len(chosen))
    steps = len(chosen) // size
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, passes * steps)
    for number in range(passes):
        losses = []
        for part in torch.randperm(len(chosen))[: steps * size].split(size):
            image, label = batch(faces, chosen[part.numpy()])
            image = torch.where(torch.rand(len(image), 1, 1, 1) < 0.5, image.flip(3), image)
            loss = binary_cross_entropy_with_logits(network(image), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"pass {number + 1}: mean loss {np.mean(losses):.4f}", flush=True)


@torch.no_grad()
def worth(network: AttributeNet, faces: Images, chosen: np.ndarray) -> tuple[Worth, ...]:
    """Return the accuracy of the network, attribute by attribute, on the `faces` at the indices `chosen`."""
    correct, present = [], []
    with evaluating(network):
        for part in np.array_split(chosen, -(-len(chosen) // BATCH)):
            image, label = batch(faces, part)
            present.append(label > 0.5)
            correct.append((network(image) > 0) == present[-1])
    return tuple(map(_worth, network.names, torch.cat(correct).T, torch.cat(present).T))


def _worth(name: str, correct: Bool[Tensor, " n"], present: Bool[Tensor, " n"]) -> Worth:
    shares = [correct[mask].double().mean().item() for mask in (present | True, present, ~present)]
    return Worth(name, *shares)


def batch(faces: Images, indices: np.ndarray) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n k"]]:
    """Return the images at `indices`, in [-1, 1], and their labels."""
    tensors = faces[Request(indices, None)]
    return images.to_float(tensors["image"]), tensors["label"]


if __name__ == "__main__":
    raise SystemExit(main())
