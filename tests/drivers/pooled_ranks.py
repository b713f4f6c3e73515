"""Trains CycleGAN on one process or two: `python -m tests.drivers.pooled_ranks SCENARIO RUN DEVICES STEPS`.

Scenario `pools`: the model as it is, with pools of three images. Scenario `halves`: without any random numbers, so that
two halves of a batch train the same as the whole.
"""

import sys
from pathlib import Path

import torch
from torch.optim import SGD, Optimizer

from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.grids import Grids
from gan_zoo.models.cyclegan import CycleGAN
from gan_zoo.training.trainer import Trainer
from tests.drivers.toy import Toy

SHAPE = (3, 16, 16)


class Plain(CycleGAN):
    """Trained by small steps of SGD. Instance norm leaves some weights nearly no gradient, and Adam would turn the
    rounding of such gradients into full steps.
    """

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        return SGD(self.generator.parameters(), lr=1e-5), SGD(self.discriminator.parameters(), lr=1e-5)


def main(scenario: str, run: Path, devices: int, steps: int) -> None:
    torch.set_num_threads(1)
    pools = scenario == "pools"
    settings = {"grids": Grids(every=0, count=6), "checkpoints": Checkpoints(every=4, keep_every=0)}
    trainer = Trainer(
        run,
        max_steps=steps,
        devices=devices,
        accelerator="cpu",
        log_every_n_steps=3,
        enable_progress_bar=False,
        **settings,
    )
    kind = CycleGAN if pools else Plain
    model = kind(SHAPE, 2, 1, discriminator_width=2, discriminator_layers=1, pool_size=3 if pools else 0)
    data = Toy(("a", "b"), SHAPE)
    data.batch_size, data.flip = 4 // devices, pools
    trainer.fit(model, data)
    torch.save(model.state_dict(), run / f"weights_{trainer.global_rank}.pt")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
