"""The clock of a growing model, against the schedule of the paper and a count of every step."""

from pathlib import Path

import pytest

import gan_zoo
from gan_zoo.errors import Mistake
from gan_zoo.models.progan import ProGAN
from gan_zoo.run.files import lines
from gan_zoo.step.growth import Growth, Stage
from tests.drivers.toy import Toy

FAST = Growth(4, 1024, 600_000, 600_000, (128, 128, 128, 64, 32, 16, 8, 4))


def test_the_fast_preset_is_that_of_the_program() -> None:
    """Resolution 4 x 2^l fades in during thousand images 1200 (l - 1) + 600 to 1200 l, and is whole from there on."""
    for level in range(1, 9):
        begin, end, side = 1_200_000 * (level - 1) + 600_000, 1_200_000 * level, 4 << level
        assert FAST.after(begin - 1) == Stage(side // 2, 1.0), "the level before, to the image"
        assert FAST.after(begin) == Stage(side, 0.0)
        assert FAST.after(begin + 1) == (side, pytest.approx(1 / 600_000))
        assert FAST.after(begin + 300_000) == Stage(side, 0.5)
        assert FAST.after(end - 1) == (side, pytest.approx(1 - 1 / 600_000))
        assert FAST.after(end) == Stage(side, 1.0)
    assert FAST.after(6_000_000) == Stage(128, 1.0)
    assert FAST.after(10**9) == Stage(1024, 1.0)


def test_the_paper_has_eight_hundred_thousand_of_each() -> None:
    paper = Growth(4, 1024, 800_000, 800_000, (16,) * 6 + (14, 6, 3))
    assert [paper.after(images).resolution for images in (799_999, 800_000, 2_399_999, 2_400_000)] == [4, 8, 8, 16]
    assert paper.after(12_800_000) == Stage(1024, 1.0), "8 x 1,600,000"


@pytest.mark.parametrize(
    "growth",
    [
        Growth(4, 32, 100, 60, (7, 5, 3, 2)),
        Growth(8, 32, 50, 0, (16, 8)),
        Growth(4, 16, 0, 33, (4,)),
        Growth(4, 32, 3, 2, (64, 8)),  # a mini-batch is larger than a level
    ],
)
def test_a_step_counts_what_the_steps_before_showed(growth: Growth) -> None:
    """Counted one by one, as the authors' program does: the level decides the batch, which moves the count."""
    shown, before = 0, None
    for step in range(200):
        stage = growth.after(shown)
        level = growth.resolutions().index(stage.resolution)
        size = growth.batch_sizes[min(level, len(growth.batch_sizes) - 1)]
        assert (growth.images(step), growth.batch_size(step), growth.stage(step)) == (shown, size, stage)
        assert growth.level(step) == level
        part = (stage.resolution, stage.alpha < 1)
        assert growth.turns(step) == (step > 0 and part != before)
        before, shown = part, shown + size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, 48, 1, 1, (4,)), "image_shape has 48 pixels a side.*power of two"),
        ((2, 32, 1, 1, (4,)), "first_resolution has 2 pixels"),
        ((64, 32, 1, 1, (4,)), "first_resolution is 64, above the data's 32"),
        ((4, 32, 0, 0, (4,)), "both 0"),
    ],
)
def test_what_cannot_grow_is_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(Mistake, match=message):
        Growth(*arguments)


def test_a_run_logs_where_it_stands(tmp_path: Path) -> None:
    model = ProGAN((2, 8, 8), latent_dim=5, width=6, stable_images=8, fade_images=16, batch_size=4)
    trainer = gan_zoo.trainer(run=tmp_path, seed=1, max_steps=7, log_every_n_steps=1, accelerator="cpu")
    trainer.fit(model, Toy(keys=("image",), shape=(2, 8, 8)))
    logged = [(line["growth/resolution"], line["growth/alpha"]) for line in lines(tmp_path / "metrics.jsonl")]
    assert logged == [(4, 1), (4, 1), (8, 0), (8, 0.25), (8, 0.5), (8, 0.75), (8, 1)]
