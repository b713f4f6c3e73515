"""Peaks of maps, and strips of fixed parts of the images between two."""

from typing import Any

import pytest
import torch
from torch.testing import assert_close

from gan_zoo.editing import artefacts, styles
from gan_zoo.errors import Mistake
from gan_zoo.models.stylegan import StyleGAN
from gan_zoo.models.stylegan2 import StyleGAN2

SHAPE = (3, 16, 16)


def made(name: str) -> Any:
    torch.manual_seed(0)
    if name == "StyleGAN":
        return StyleGAN(SHAPE, latent_dim=4, width=8, mapping_layers=2).eval()
    return StyleGAN2(SHAPE, 0, latent_dim=4, width=8, mapping_layers=2).eval()


@pytest.mark.parametrize(("name", "layers"), [("StyleGAN", 6), ("StyleGAN2", 5)])
def test_a_spike_in_the_noise_of_a_layer_is_a_peak_of_its_maps(name: str, layers: int, monkeypatch: Any) -> None:
    """Noise whose pixel (0, 0) is 1,000 and whose others are 0, in layer 2 alone, of 8 x 8 pixels.

    StyleGAN2's maps have it as it is, so max / mean comes near 64. StyleGAN's norm divides it by the deviation of its
    map, so that it is the root of 64 in a map of deviation 1.
    """
    model = made(name)
    flat = artefacts.peaks(model, 4)
    assert flat.shape == (layers,) and (flat >= 1).all()
    block = model.averaged.blocks[2]
    (block.noise.strength if name == "StyleGAN" else block.strength).data.fill_(1000.0)

    def spike(style: torch.Tensor, side: int) -> torch.Tensor:
        noise = torch.zeros(len(style), 1, side, side)
        noise[:, :, 0, 0] = 1.0
        return noise

    monkeypatch.setattr(styles.style, "given_noise", lambda _: spike)
    peaked = artefacts.peaks(model, 4)
    assert peaked[2] > (40 if name == "StyleGAN2" else 8) and peaked[2] > 3 * flat[2]
    assert_close(peaked[:2], flat[:2])
    assert not model.averaged.blocks[0]._forward_hooks, "nothing stays behind"


@pytest.mark.parametrize("name", ["StyleGAN", "StyleGAN2"])
def test_a_strip_goes_from_one_image_to_the_other_at_fixed_places(name: str) -> None:
    model = made(name)
    table = artefacts.strip(model, 5, share=0.25, crops=((0.25, 0.5), (0.5, 0.5)), seed=3).unflatten(0, (2, 5))
    network = model.averaged
    w = styles.drawn(model, network, 0, 2, 3)
    ends = styles.pictures(model, network, torch.stack([w[0], w[1], (w[0] + w[1]) / 2]), 3)
    assert table.shape == (2, 5, 3, 4, 4)
    for frame, image in zip((0, 4, 2), ends, strict=True):
        assert_close(table[0, frame], image[:, 2:6, 6:10])
        assert_close(table[1, frame], image[:, 6:10, 6:10])


def test_a_part_outside_of_the_picture_is_refused() -> None:
    with pytest.raises(Mistake, match="reaches out of it"):
        artefacts.strip(made("StyleGAN2"), 2, crops=((0.05, 0.5),))
