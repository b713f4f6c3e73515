"""Compare each model's step with a textbook's, written from the papers in plain PyTorch.

`tools` has the optimizers, penalties and losses of the textbook, and trains a model of ours on the same images and
random numbers. `official` has the networks of pix2pix, CycleGAN and StarGAN; the other tests copy our networks. All
numbers are float64, so that two correct versions of a step agree to 1e-9 (see `tools.WEIGHTS`). A wrong sign or order
is off by a whole step, and a wrong factor shows in the averages of gradients that the optimizers keep.
"""
