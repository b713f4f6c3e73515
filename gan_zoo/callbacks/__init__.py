"""Lightning callbacks, which `gan_zoo.trainer` adds to each run.

session.py        the state that the callbacks of one `fit` share
opening.py        claims the run's directory when training begins
records.py        lines of metrics.jsonl, and the heartbeat in run.json
grids.py          grids of samples                     evaluation.py     scores during training
checkpoints.py    last, best and exported weights      stopping.py       ends by images, time or signal
progress.py       the progress line                    watchdog.py       notes when training goes wrong
tracking.py       the mirrors of a run                 wandb_mirror.py   the process that writes to wandb
tensorboard.py    the mirror in TensorBoard's files
"""
