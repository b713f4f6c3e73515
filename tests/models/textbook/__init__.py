"""Every model's step beside a textbook's, written from the papers in plain PyTorch: it takes our networks at most.

`tools` has the optimizers, penalties and losses of the textbook, and trains a model of ours on the same images and
random numbers. `official` has the networks of pix2pix, CycleGAN and StarGAN. Everything is float64, so that two ways
to write the same step agree to 1e-9 (see `tools.WEIGHTS`), while a wrong sign or order is off by a whole step, and a
wrong factor shows in the averages that the optimizers keep of gradients.
"""
