"""The parts of one training step that all models share.

randomness.py    seeds the device from (seed, rank, step), so that a run resumes exactly
optimizers.py    optimizers that take turns: whose gradients are computed, clipping, learning rates
growth.py        the clock of a growing model: resolution and blend as functions of the step
ema.py           the exponential moving average of the generator
loss_log.py      loss terms, kept on the device until they are logged
"""
