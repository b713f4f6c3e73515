"""Starting a run, resuming it, and loading what it made. The training step itself is in gan_zoo/module.py, and
checkpoints are written by gan_zoo/callbacks/checkpoints.py.

trainer.py          `gan_zoo.trainer`: a Lightning Trainer with our strategy, callbacks and run directory
trainer_flags.py    the Trainer's flags that are refused, and what to pass instead
resume.py           registers a run in its directory; picks the checkpoint or the initial weights
restoring.py        restores a checkpoint, or says in one line that it does not fit
loading.py          `gan_zoo.load`: from a run, a file or a name to a model
"""

from gan_zoo.training.trainer import Trainer as Trainer
