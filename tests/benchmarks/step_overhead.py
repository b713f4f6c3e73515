"""Compares the time of a training step with a bare PyTorch loop: `python -m tests.benchmarks.step_overhead`.

Both have the same networks, optimizers, moving average and data, one thread, and a line every 50 steps. They take turns
in one process, block by block. Bars: 0.8 ms more per step for an MLP GAN (median of at least 30 pairs of blocks),
and a ratio of 1.03 for DCGAN at 64 x 64 with batches of 64.
"""

import copy
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from torch.nn.functional import softplus
from torch.optim import Adam

from datamodules.stream import InMemory, StreamedData
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.grids import Grids
from gan_zoo.models.gan import GAN
from gan_zoo.training.trainer import Trainer

HALF_LIFE = 10_000


class Noise(StreamedData):
    """uint8 noise in memory; the time of a step does not depend on the content of the images."""

    def __init__(self, image_shape: tuple[int, int, int], batch_size: int) -> None:
        super().__init__(batch_size)
        self.image_shape = image_shape
        self.images = InMemory("noise", image=torch.randint(0, 256, (2048, *image_shape), dtype=torch.uint8))


def bare(model: GAN, data: Noise) -> Iterator[None]:
    """The loop that a person would write by hand for this model. Each `next` is a step."""
    generator, discriminator = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
    averaged = copy.deepcopy(generator).requires_grad_(False)
    adam = partial(Adam, lr=model.learning_rate, betas=model.betas, fused=True)
    generator_optimizer, discriminator_optimizer = adam(generator.parameters()), adam(discriminator.parameters())
    assert isinstance(data.images, InMemory)
    images, size = data.images.tensors["image"], data.batch_size
    order, position, sums = torch.randperm(len(images)), 0, torch.zeros(2)
    weight = 0.5 ** (size / HALF_LIFE)
    step = 0
    while True:
        if position + size > len(images):
            order, position = torch.randperm(len(images)), 0
        real = images[order[position : position + size]].float().div_(127.5).sub_(1)
        real = real.contiguous(memory_format=torch.channels_last)
        position += size
        with torch.no_grad():
            fake = generator(torch.rand(size, model.latent_dim) * 2 - 1)
        discriminator_loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
        discriminator_optimizer.zero_grad()
        discriminator_loss.backward()
        discriminator_optimizer.step()
        discriminator.requires_grad_(False)
        generator_loss = softplus(-discriminator(generator(torch.rand(size, model.latent_dim) * 2 - 1))).mean()
        generator_optimizer.zero_grad()
        generator_loss.backward()
        generator_optimizer.step()
        discriminator.requires_grad_(True)
        with torch.no_grad():
            torch._foreach_lerp_(list(averaged.parameters()), list(generator.parameters()), 1 - weight)  # pyright: ignore
            for mine, theirs in zip(averaged.buffers(), generator.buffers(), strict=True):
                mine.copy_(theirs)
        sums += torch.stack([discriminator_loss.detach(), generator_loss.detach()])
        step += 1
        if step % 50 == 0:
            (sums / 50).tolist()
            sums.zero_()
        yield


class Turns(L.Callback):
    """Runs a block of the bare loop after each block of training, and keeps the times of both, in seconds per step."""

    def __init__(self, block: int, blocks: int, other: Iterator[None]) -> None:
        self.block, self.blocks, self.other = block, blocks, other
        self.ours: list[float] = []
        self.bare: list[float] = []
        self.begun = 0.0

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step % self.block == 0:
            middle = time.perf_counter()
            self.ours.append((middle - self.begun) / self.block)
            for _number in range(self.block):
                next(self.other)
            self.begun = time.perf_counter()
            self.bare.append((self.begun - middle) / self.block)


def measure(model: GAN, data: Noise, block: int, blocks: int, run: Path) -> tuple[list[float], list[float]]:
    """Return the seconds per step of ours and of the bare loop for each block, without two warm-up blocks."""
    turns = Turns(block, blocks, bare(model, data))
    trainer = Trainer(
        run=run,
        max_steps=block * (blocks + 2),
        log_every_n_steps=50,
        grids=Grids(every=0, count=4),
        checkpoints=Checkpoints(every=0, keep_every=0),
        callbacks=[turns],
        accelerator="cpu",
    )
    trainer.fit(model, data)
    return turns.ours[2:], turns.bare[2:]


def report(name: str, ours: list[float], bare: list[float]) -> None:
    over = [1e3 * (a - b) for a, b in zip(ours, bare, strict=True)]
    ratio = [a / b for a, b in zip(ours, bare, strict=True)]
    print(
        f"{name}: {len(ours)} pairs of blocks; bare {1e3 * statistics.median(bare):.3f} ms a step, "
        f"ours {1e3 * statistics.median(ours):.3f}; over it {statistics.median(over):.3f} ms "
        f"(quartiles {statistics.quantiles(over)[0]:.3f} to {statistics.quantiles(over)[2]:.3f}); "
        f"ratio {statistics.median(ratio):.3f}",
        flush=True,
    )


def main() -> None:
    torch.set_num_threads(1)
    which = sys.argv[1:] or ["mlp", "dcgan"]
    with tempfile.TemporaryDirectory() as folder:
        if "mlp" in which:
            shape = (1, 8, 8)
            model = GAN(shape, latent_dim=16, architecture="mlp", width=(32,), average_half_life=HALF_LIFE)
            report("MLP GAN", *measure(model, Noise(shape, 64), block=100, blocks=40, run=Path(folder) / "mlp"))
        if "dcgan" in which:
            shape = (3, 64, 64)
            model = GAN(shape, architecture="dcgan", width=64, average_half_life=HALF_LIFE)
            report("DCGAN 64", *measure(model, Noise(shape, 64), block=1, blocks=30, run=Path(folder) / "dcgan"))


if __name__ == "__main__":
    main()
