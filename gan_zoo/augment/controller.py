"""ADA's adaptive probability: it rises while the discriminator is too sure of the real images, and falls else."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

TARGET = 0.6
"""The mean sign of the scores of real images that is aimed at."""
IMAGES = 500_000
"""Real images in which the probability can go from 0 to 1."""
EVERY = 4
"""Minibatches between two changes of the probability."""


class Controller:
    """The probability, and the signs that were seen since it last changed. It stays on the device."""

    def __init__(self) -> None:
        self.probability = torch.zeros(())
        self._sum = torch.zeros(())
        self._images = 0
        self._minibatches = 0

    def note(self, sign: Float[Tensor, ""], images: int) -> None:
        """Take in one minibatch.

        Args:
            sign: Mean sign of the scores of its real images, over all devices.
            images: Number of these images, over all devices.
        """
        self.probability, self._sum = self.probability.to(sign.device), self._sum.to(sign.device) + sign * images
        self._images += images
        self._minibatches += 1
        if self._minibatches == EVERY:
            step = torch.sign(self._sum / self._images - TARGET) * (self._images / IMAGES)
            self.probability = (self.probability + step).clamp(0, 1)
            self._sum, self._images, self._minibatches = torch.zeros_like(self._sum), 0, 0

    def state(self) -> dict[str, Any]:
        """Return what a resumed run goes on from. It is equal on all processes."""
        return {
            "probability": float(self.probability),
            "sum": float(self._sum),
            "images": self._images,
            "minibatches": self._minibatches,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Continue from `state()`."""
        self.probability, self._sum = torch.tensor(state["probability"]), torch.tensor(state["sum"])
        self._images, self._minibatches = state["images"], state["minibatches"]
