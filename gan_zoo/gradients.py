"""The path of `adams` and `Clipping` in version 0.1; see `gan_zoo.step.optimizers`."""

from gan_zoo.step.optimizers import Clipping as Clipping
from gan_zoo.step.optimizers import adams as adams
