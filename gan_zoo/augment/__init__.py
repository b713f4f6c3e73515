"""Augmentation of everything that a discriminator sees, real and generated, so that it can learn from few images.

choice.py        what a model's arguments `augment` and `augment_probability` mean
diffaugment.py   DiffAugment: colour, translation and cutout for every image
ada.py           ADA: 18 transforms in a fixed order, each taken with probability p
geometry.py      ADA's flips, turns, shifts, scales and rotations
colour.py        ADA's brightness, contrast, luma flip, hue and saturation
corruptions.py   ADA's band filter, noise and cutout
draws.py         who takes a transform; reflected indices
controller.py    ADA's adaptive p, from the signs of the scores of real images

All of it can be differentiated twice, so that R1 and WGAN-GP's penalty go through it to the image itself.
"""

from gan_zoo.augment.choice import Augment as Augment
from gan_zoo.augment.choice import Augmentation as Augmentation
from gan_zoo.augment.choice import AugmentProbability as AugmentProbability
