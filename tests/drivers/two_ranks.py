"""Trains a model on one or two processes: `python -m tests.drivers.two_ranks SCENARIO RUN DEVICES STEPS [ACCELERATOR]`.

Lightning starts the second process with the same command line. If NODE_RANK is set, the processes are two nodes of one
device each, which may be the same GPU.
"""

import atexit
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim import SGD, Optimizer

from datamodules.labels import LabelSet
from datamodules.mnist import MNIST
from gan_zoo import penalties
from gan_zoo.adversarial import AdversarialModule
from gan_zoo.augment import controller
from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.distributed.strategy import TurnTakingDDP
from gan_zoo.models import stargan
from gan_zoo.models.gan import GAN
from gan_zoo.models.progan import ProGAN
from gan_zoo.models.stylegan2 import StyleGAN2
from gan_zoo.models.wgan_gp import WGANGP
from gan_zoo.step import randomness
from gan_zoo.training.trainer import Trainer
from tests.drivers.toy import Toy

WHOLE_BATCH = 8


class Handed(AdversarialModule):
    """Each rank draws its part of the random numbers of a single process."""

    def latents(self, n: int) -> Tensor:
        return self.part("latents", n, self.latent_dim)

    def weights(self, real: Tensor) -> Tensor:
        return self.part("weights", len(real), 1)[:, :, None, None].sigmoid()

    def part(self, what: str, n: int, size: int) -> Tensor:
        place = (self.global_step, what)
        self.calls = {place: self.calls.get(place, 0) + 1} if hasattr(self, "calls") else {place: 1}
        whole = randomness.rows("normal", 0, WHOLE_BATCH, size, randomness.key(*place, self.calls[place]))
        return whole[self.global_rank * n : (self.global_rank + 1) * n]


class Fed(Handed, WGANGP):
    """WGAN-GP whose networks have no batch norm."""


class Grown(Handed, ProGAN):
    """ProGAN over a fade, without its deviation of a minibatch, which is of each rank's images, and trained by SGD.

    Adam, which begins anew at each level, would turn the rounding of small gradients into full steps.
    """

    def __init__(self) -> None:
        super().__init__(
            (1, 8, 8), 8, width=6, stable_images=16, fade_images=24, batch_size=WHOLE_BATCH, stddev_group=1
        )

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        generator, discriminator = (SGD(net.parameters(), lr=1e-2) for net in (self.generator, self.discriminator))
        return generator, discriminator


class Synced(Fed):
    """The same, with batch norm in the generator: results are equal only if it is synchronised."""


class Relabelled(stargan.StarGAN):
    """StarGAN on digits without random numbers: targets come from the same half of the batch on one process or two.

    It is trained by SGD. Instance norm leaves some weights nearly no gradient, and Adam would turn the rounding of such
    gradients into full steps.
    """

    def __init__(self) -> None:
        names = list("0123456789")
        digits: LabelSet = {"names": names, "kind": "classes", "exclusive": [names]}
        super().__init__((1, 28, 28), (digits,), width=4, blocks=1, discriminator_width=4, halvings=2)
        stargan.others = lambda label: label.unflatten(0, (-1, WHOLE_BATCH // 2)).flip(1).flatten(0, 1)
        penalties.interpolation_weights = lambda real: torch.full_like(real[:, :1, :1, :1], 0.3)

    def configure_optimizers(self) -> tuple[Optimizer, Optimizer]:
        generator, discriminator = (SGD(net.parameters(), lr=1e-3) for net in (self.generator, self.discriminator))
        return generator, discriminator


class Noted(WGANGP):
    """Keeps all latents that it draws."""

    def latents(self, n: int) -> Tensor:
        self.drawn = [*getattr(self, "drawn", []), super().latents(n)]
        return self.drawn[-1]


def lazy() -> StyleGAN2:
    """Return a StyleGAN2 with both regularisers, path lengths in each third step, and ADA."""
    sizes: dict[str, Any] = {"latent_dim": 4, "width": 4, "mapping_layers": 2, "average_half_life": 40}
    return StyleGAN2((3, 16, 16), 0, penalty_every=2, path_every=3, augment="ada", **sizes)


class Fails(L.Callback):
    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step == 3 and trainer.global_rank == 1:
            raise RuntimeError("rank 1 has had enough")


class Dies(L.Callback):
    """Rank 1 is killed while no exception can reach rank 0, as during a collective operation of NCCL."""

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        if trainer.global_step == 3:
            if trainer.global_rank == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(600)


ENDS = {"fails": Fails, "dies": Dies}
QUICK = ("norms", "relabelled", "grown", "augmented", "lazy", *ENDS)


def note_group(run: Path, rank: int) -> None:
    """Write whether the process group still exists when the process `rank` exits."""
    (run / f"group_{rank}.txt").write_text("exists" if dist.is_initialized() else "destroyed")


def main(scenario: str, run: Path, devices: int, steps: int, accelerator: str = "cpu") -> None:
    torch.set_num_threads(1)
    atexit.register(lambda: note_group(run, trainer.global_rank))  # called last: the first that was registered
    nodes = 2 if "NODE_RANK" in os.environ and "LOCAL_RANK" not in os.environ else 1
    trainer = Trainer(
        run=run,
        max_steps=steps,
        devices=devices // nodes,
        num_nodes=nodes,
        strategy=TurnTakingDDP(process_group_backend="gloo") if nodes == 2 else "auto",
        accelerator=accelerator,
        log_every_n_steps=3,
        sync_batchnorm=scenario == "synced",
        evaluation=Evaluation("lenet", every=4, samples=101, share=1.0) if scenario not in QUICK else None,
        checkpoints=Checkpoints(every=5),
        callbacks=[ENDS[scenario]()] if scenario in ENDS else [],
        enable_progress_bar=False,
    )
    kind = {"fed": Fed, "synced": Synced, "noted": Noted, "norms": GAN}.get(scenario, WGANGP)
    networks: dict[str, Any] = {"architecture": "mlp", "width": (32, 32)} if scenario == "fed" else {"width": 4}
    if scenario == "norms":
        networks |= {"architecture": "dcgan", "average_half_life": 50}
    if scenario == "augmented":
        networks |= {"architecture": "mlp", "width": (8,), "augment": "ada_bg"}
        controller.TARGET = -2.0  # below every mean sign, so that the probability rises
    data: Any = MNIST(batch_size=WHOLE_BATCH // devices)
    if scenario == "relabelled":
        model = Relabelled()
    elif scenario == "lazy":
        model, data = lazy(), Toy(("image",), (3, 16, 16))
    elif scenario == "grown":
        model, data = Grown(), Toy(("image",), (1, 8, 8))
    else:
        model = kind(image_shape=(1, 28, 28), latent_dim=8, learning_rate=1e-3, n_critic=5, **networks)
    if isinstance(model, Handed):
        penalties.interpolation_weights = model.weights
    exchanged: list[int] = []
    if isinstance(model, Noted):
        reduce = dist.all_reduce

        def counted(tensor: Tensor, *arguments: Any, **options: Any) -> Any:
            if tensor.dtype == torch.float32:  # scores exchange float64
                exchanged.append(tensor.numel())
            return reduce(tensor, *arguments, **options)

        dist.all_reduce = counted
    data.flip = False  # each rank draws which of its images it mirrors
    trainer.fit(model, data)
    rank = trainer.global_rank
    torch.save(model.state_dict(), run / f"weights_{rank}.pt")
    (run / f"augmentation_{rank}.json").write_text(json.dumps(model.augmentation.state()))
    if isinstance(model, Noted):
        torch.save(torch.cat(model.drawn), run / f"latents_{rank}.pt")
        sizes = {name: sum(p.numel() for p in net.parameters()) for name, net in model.named_children()}
        (run / f"exchanged_{rank}.json").write_text(json.dumps({"exchanged": exchanged, **sizes}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
