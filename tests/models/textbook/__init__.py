"""Every model's step beside a textbook's, written from the papers in plain PyTorch, with none of our code in it.

`tools` has the optimizers, penalties and losses of the textbook, and trains a model of ours on the same images and
random numbers. `official` has CycleGAN's and StarGAN's networks. Everything is float64, so that two ways to write the
same step agree to about 1e-12 of a learning rate, while a wrong sign, order or factor is off by a whole step.
"""
