"""Layers that two or more models share. A paper imports them from here.

modulation.py    StyleGAN2's: convolutions whose weights a style scales
norms.py         statistics of maps, instance, layer, conditional batch and spectral norm, memory layout
progressive.py   ProGAN's: equalised learning rate, pixel norm, deviation of the minibatch
resampling.py    doubling, halving, and low-pass filters
style.py         StyleGAN's: noise, and the style of a map
"""

from gan_zoo.layers.modulation import (
    HalvingConv2d,
    ModulatedConv2d,
    Rectifier,
    convolved_down,
    convolved_up,
    demodulation,
    modulated,
    modulated_grouped,
    rectified,
)
from gan_zoo.layers.norms import (
    ConditionalBatchNorm2d,
    GroupNorm,
    Maps,
    Network,
    Statistic,
    adaptive_instance_norm,
    at_least_float32,
    channel_moments,
    channels_last,
    instance_norm,
    layer_norm,
    spectrally_normalised,
)
from gan_zoo.layers.progressive import EqualisedConv2d, EqualisedLinear, PixelNorm, minibatch_deviation
from gan_zoo.layers.resampling import binomial, blurred, doubled, filtered, halved
from gan_zoo.layers.style import NoiseInjection, StyleModulation

__all__ = [
    "ConditionalBatchNorm2d",
    "EqualisedConv2d",
    "EqualisedLinear",
    "GroupNorm",
    "HalvingConv2d",
    "Maps",
    "ModulatedConv2d",
    "Network",
    "NoiseInjection",
    "PixelNorm",
    "Rectifier",
    "Statistic",
    "StyleModulation",
    "adaptive_instance_norm",
    "at_least_float32",
    "binomial",
    "blurred",
    "channel_moments",
    "channels_last",
    "convolved_down",
    "convolved_up",
    "demodulation",
    "doubled",
    "filtered",
    "halved",
    "instance_norm",
    "layer_norm",
    "minibatch_deviation",
    "modulated",
    "modulated_grouped",
    "rectified",
    "spectrally_normalised",
]
