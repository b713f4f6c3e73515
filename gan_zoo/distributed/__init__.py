"""Several processes that train one model.

strategy.py          the Lightning strategy, averaging of gradients, broadcasts and gathers
lost_processes.py    how the other processes learn that one died
"""

from gan_zoo.distributed.strategy import TurnTakingDDP as TurnTakingDDP
