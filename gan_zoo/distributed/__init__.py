"""Several processes that train one model.

strategy.py          the Lightning strategy, gradient averaging, broadcasts, gathers
lost_processes.py    how the rest of a run learns that one process died
"""

from gan_zoo.distributed.strategy import TurnTakingDDP as TurnTakingDDP
