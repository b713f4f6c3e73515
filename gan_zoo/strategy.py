"""The path of `TurnTakingDDP` in version 0.1; see `gan_zoo.distributed`."""

from gan_zoo.distributed.strategy import TurnTakingDDP as TurnTakingDDP
