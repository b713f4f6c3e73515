"""Note in the `events` of run.json when a run goes wrong: NaN, a vanished gradient, a collapse, a worse score."""

from statistics import median
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from datamodules.order import Request
from gan_zoo import images
from gan_zoo.bounds import bounded
from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.errors import NonFinite
from gan_zoo.module import GenerativeModule
from gan_zoo.step import optimizers

MEASURED_EVERY = 10  # steps between norms of the generator's gradient; each norm reads the whole gradient
REMEMBERED = 1000  # number of norms that the median is taken over
LOOKED_AT = 256  # number of samples, and of real images, whose distances show a collapse


class Watchdog(SessionCallback):
    """Note when a run goes wrong. With `roll_backs`, return to the last checkpoint after a non-finite loss or weight.

    An event is noted when it begins, and again only after it has ended. With the default settings, GAN, LSGAN, WGAN and
    WGAN-GP of studies/mnist_objectives.yaml note nothing with seeds 0 and 1: the gradient fell to 0.045 of its median,
    the distance between samples was 0.19 of that between real images at step 1000 (and still 0.04 at step 250), and one
    score of WGAN was 2.03 times its best. The collapse of mnist/gan_lecture, at 0.0003, is noted.

    Args:
        roll_backs: How often a run returns to its last checkpoint after a loss or weight that is not finite, and
            continues with lower learning rates. After that, or at 0, the run fails.
        slower: Factor by which each return multiplies the learning rates.
        saturated_below: Share of its usual norm (the median) below which the generator's gradient has vanished, because
            the discriminator is sure of every image.
        saturated_steps: Number of steps for which the gradient must stay below that share to be noted.
        collapse_every: Steps between checks of 256 samples; 0: none. The first check must not come too early, because
            the samples of an untrained generator are alike as well.
        collapsed_below: Share of the mean distance between real images below which the mean distance between samples
            means a collapse. Distances are between features of the extractor, or between pixels without scores.
        jump: How many times worse than the best score a score in the second half of the run may be.
    """

    def __init__(
        self,
        roll_backs: int = 0,
        slower: float = 0.5,
        saturated_below: float = 1e-4,
        saturated_steps: int = 200,
        collapse_every: int = 1000,
        collapsed_below: float = 0.1,
        jump: float = 3.0,
    ) -> None:
        bounded("watchdog.", at_least=0, roll_backs=roll_backs, collapse_every=collapse_every)
        bounded("watchdog.", at_least=0, saturated_below=saturated_below, collapsed_below=collapsed_below)
        bounded("watchdog.", above=0, below=1, slower=slower)
        bounded("watchdog.", at_least=1, saturated_steps=saturated_steps, jump=jump)
        self.roll_backs, self.slower = roll_backs, slower
        self.saturated_below, self.saturated_steps = saturated_below, saturated_steps
        self.collapse_every, self.collapsed_below, self.jump = collapse_every, collapsed_below, jump
        self._rolled_back = 0
        self._pending: list[Tensor] = []
        self._waiting: list[float] = []
        self._norms: list[float] = []
        self._low = 0
        self._on: set[str] = set()
        self._scores: dict[str, float] = {}
        self._spread = 0.0

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        module.slowing = self.slower**self._rolled_back
        self._scores, self._spread = self.session.scores, 0.0

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        step = trainer.global_step
        if step % MEASURED_EVERY == 0:
            counted = trainer.optimizers[0].param_groups
            self._pending.append(optimizers.norm([p for group in counted for p in group["params"]]))
        if step % self.session.log_every == 0:
            self._judge_gradients(trainer)
        if self.collapse_every and step % self.collapse_every == 0:
            self._judge_samples(trainer, module)
        if self.session.scores is not self._scores:
            self._scores = self.session.scores
            self._judge_score(trainer, module)

    def state_dict(self) -> dict[str, Any]:
        self._read()
        return {
            "rolled_back": self._rolled_back,
            "waiting": list(self._waiting),
            "norms": list(self._norms),
            "low": self._low,
            "on": sorted(self._on),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._rolled_back = max(self._rolled_back, state["rolled_back"])
        self._pending, self._waiting, self._norms = [], state["waiting"], state["norms"]
        self._low, self._on = state["low"], set(state["on"])

    def takes_back(self, trainer: L.Trainer, error: NonFinite, has_checkpoint: bool) -> bool:
        """Note `error`, and return whether the run goes back to its last checkpoint. Every process calls this."""
        goes_on = has_checkpoint and self._rolled_back < self.roll_backs
        message = str(error).partition(". ")[0]
        if goes_on:
            self._rolled_back += 1
            rates = self.slower**self._rolled_back
            message = f"{message}: back to the last checkpoint, with {rates:g} times the learning rates"
        self._note(trainer, "non_finite", message)
        return goes_on

    def _read(self) -> None:
        if self._pending:
            self._waiting += torch.stack(self._pending).tolist()
            self._pending = []

    def _judge_gradients(self, trainer: L.Trainer) -> None:
        self._read()
        usual = median(self._norms) if len(self._norms) * MEASURED_EVERY >= self.saturated_steps else 0.0
        for norm in self._waiting:
            is_low = norm < self.saturated_below * usual
            self._low = self._low + MEASURED_EVERY if is_low else 0
            if not is_low and norm < float("inf"):
                self._norms.append(norm)
        self._norms, self._waiting = self._norms[-REMEMBERED:], []
        self._judge(
            trainer,
            "saturation",
            self._low >= self.saturated_steps,
            f"for {self._low} steps the generator's gradient was below {self.saturated_below:g} of its usual norm "
            f"{usual:.3g}: the discriminator is sure of every image",
        )

    def _judge_samples(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        can_look = hasattr(module, "latent_dim") and hasattr(self.session.data, "reference")
        if not (can_look and trainer.is_global_zero):
            return
        extractor = self.session.extractor
        self._spread = self._spread or mean_distance(self._features(self._real().to(module.device)))
        spread = mean_distance(self._features(module.sample(LOOKED_AT)))
        where = f"{extractor.name}'s features" if extractor else "pixels"
        self._judge(
            trainer,
            "collapse",
            spread < self.collapsed_below * self._spread,
            f"{LOOKED_AT} samples differ by {spread / self._spread:.2g} of what real images do, in {where}",
        )

    def _judge_score(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        (name, value), best = next(iter(self._scores.items())), self.session.best
        if not best or best["value"] <= 0 or share_done(trainer, module, self.session.seconds()) < 0.5:
            return
        worse = best["value"] / value if self.session.higher_is_better else value / best["value"]
        self._judge(
            trainer,
            "score",
            worse > self.jump,
            f"{name} is {value:.4g}, after {best['value']:.4g} at step {best['step']:.0f}",
        )

    def _judge(self, trainer: L.Trainer, kind: str, is_so: bool, message: str) -> None:
        if is_so and kind not in self._on:
            self._note(trainer, kind, message)
        self._on = self._on | {kind} if is_so else self._on - {kind}

    def _note(self, trainer: L.Trainer, kind: str, message: str) -> None:
        if trainer.is_global_zero:
            print(f"Watchdog, step {trainer.global_step}: {kind}: {message}.", flush=True)
        if run := self.files(trainer):
            run.add_event(trainer.global_step, kind, message)

    def _real(self) -> Tensor:
        """Return 256 real images, spread evenly over the data."""
        real = self.session.data.reference(None)
        indices = np.linspace(0, len(real) - 1, min(LOOKED_AT, len(real))).astype(np.int64)
        return real[Request(indices)]["image"]

    def _features(self, image: Tensor) -> Float[Tensor, " n d"]:
        """Return features, or pixels without an extractor, of `image`, which is uint8 or floating in [-1, 1]."""
        if self.session.extractor:
            shades = image if image.dtype == torch.uint8 else images.to_uint8(image)
            return self.session.extractor.extract(shades).features
        return (images.to_float(image) if image.dtype == torch.uint8 else image).flatten(1)


def mean_distance(features: Float[Tensor, " n d"]) -> float:
    """Return the mean Euclidean distance between pairs of the n rows, in float64."""
    return float(torch.pdist(features.double()).mean())


def share_done(trainer: Any, module: GenerativeModule, seconds: float) -> float:
    """Return the share of the run that is done, by the end that comes first; 0 if the run has no end."""
    ends = (
        (trainer.global_step, trainer.max_steps),
        (module.images, trainer.max_images),
        (seconds, trainer.max_seconds),
    )
    return max((done / end for done, end in ends if end > 0), default=0.0)
