"""Train a classifier of CelebA's attributes, which tells whether StarGAN's faces are as they were asked to be:

    python -m gan_zoo.metrics.train_attributes --root data/celeba --attributes Male Smiling --out faces.safetensors

The last tenth of the images, by number, is held out and says what the classifier is worth; on all of CelebA that is its
test split and 298 images of the validation split. Eight passes over the others, Adam 1e-3 falling to 0 on a cosine,
batch 64, half of the images mirrored.
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
    """Train, say what came out, and write it. Returns 0, or 2 where the data is not fit."""
    told = parser().parse_args(arguments)
    torch.manual_seed(told.seed)
    named = tuple(told.attributes)
    try:
        refuse_loss([told.out], is_ours=is_classifier)
        data = CelebA(told.root, "all", named, resolution=told.resolution, centre_crop=told.centre_crop)
        data.setup("fit")
        if told.resolution < LEAST_SIDE:
            raise DataError(
                f"--resolution is {told.resolution}: the network halves it so often that it takes {LEAST_SIDE}."
            )
        try:
            told.out.parent.mkdir(parents=True, exist_ok=True)  # now: a training is long
        except OSError as error:
            raise DataError(f"--out is {told.out}: its folder cannot be made ({error.strerror}).") from error
        if not data.num_classes:
            raise DataError("--attributes is empty: name one or more, such as Male and Smiling.")
    except (DataError, Mistake) as error:
        print(f"train_attributes: {error}")
        return 2
    order, train = np.arange(len(data.images)), len(data.images) * 9 // 10
    network = AttributeNet(named, told.resolution)
    fit(network, data.images, order[:train], told.passes)
    network.worth = worth(network, data.images, order[train:])
    for one in network.worth:
        print(
            f"{one.name}: right about {one.accuracy:.1%} of {len(order) - train} images held out, "
            f"{one.of_those_with:.1%} of those with it, {one.of_those_without:.1%} of those without"
        )
    write(network, told.out, f"{train} images of {data.images.name}; the other {len(order) - train} were held out")
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m gan_zoo.metrics.train_attributes", description=__doc__)
    made.add_argument("--root", required=True, help="folder of CelebA, as data.root")
    made.add_argument("--attributes", nargs="+", required=True, help="as data.attributes")
    made.add_argument("--resolution", type=int, default=64, help="pixels a side")
    made.add_argument(
        "--centre-crop", "--centre_crop", type=int, default=WIDTH, help="as data.centre_crop of the run that is judged"
    )
    made.add_argument("--passes", type=int, default=PASSES, help="over the images")
    made.add_argument("--seed", type=int, default=0, help="of weights and order")
    made.add_argument("--out", type=Path, required=True, help="file that is written")
    return made


def fit(network: AttributeNet, shown: Images, chosen: np.ndarray, passes: int) -> None:
    """Train on the `chosen` ones of the images `shown`."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    size = min(BATCH, len(chosen))
    steps = len(chosen) // size
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, passes * steps)
    for number in range(passes):
        losses = []
        for part in torch.randperm(len(chosen))[: steps * size].split(size):
            image, label = batch(shown, chosen[part.numpy()])
            image = torch.where(torch.rand(len(image), 1, 1, 1) < 0.5, image.flip(3), image)
            loss = binary_cross_entropy_with_logits(network(image), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"pass {number + 1}: mean loss {np.mean(losses):.4f}", flush=True)


@torch.no_grad()
def worth(network: AttributeNet, shown: Images, chosen: np.ndarray) -> tuple[Worth, ...]:
    """What the network is right about, of the `chosen` images."""
    right, there = [], []
    with evaluating(network):
        for part in np.array_split(chosen, -(-len(chosen) // BATCH)):
            image, label = batch(shown, part)
            there.append(label > 0.5)
            right.append((network(image) > 0) == there[-1])
    return tuple(map(_worth, network.names, torch.cat(right).T, torch.cat(there).T))


def _worth(name: str, right: Bool[Tensor, " n"], there: Bool[Tensor, " n"]) -> Worth:
    shares = [right[which].double().mean().item() for which in (there | True, there, ~there)]
    return Worth(name, *shares)


def batch(shown: Images, which: np.ndarray) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n k"]]:
    found = shown[Request(which, None)]
    return images.to_float(found["image"]), found["label"]


if __name__ == "__main__":
    raise SystemExit(main())
