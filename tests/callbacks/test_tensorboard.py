"""The mirror in TensorBoard's files, read back by TensorBoard's own reader."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG, parse_session_start_info_plugin_data

from gan_zoo.callbacks.checkpoints import Checkpoints
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.callbacks.tracking import Tracking
from gan_zoo.errors import Mistake
from gan_zoo.models.gan import GAN
from gan_zoo.run import layout
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines
from gan_zoo.training.trainer import Trainer
from tests.drivers.tiny import Tiny


def train(folder: Path, steps: int, **tracking: Any) -> Run:
    """Train a tiny GAN whose lines, grids and scores come at other steps than its checkpoints."""
    trainer = Trainer(
        run=folder,
        seed=2,
        max_steps=steps,
        log_every_n_steps=2,
        grids=Grids(every=3, count=4),
        evaluation=Evaluation("tests.callbacks.test_tracking:Rows", every=4, samples=16, share=1.0),
        checkpoints=Checkpoints(every=5, keep_every=0),
        tracking=Tracking(**tracking),
        accelerator="cpu",
        enable_progress_bar=False,
    )
    trainer.fit(GAN(image_shape=(1, 8, 8), latent_dim=3, width=(6,)), Tiny())
    return Run(folder)


def read(run: Run) -> EventAccumulator:
    """Return everything in the run's event files: 0 keeps all events, where the reader else draws some of them."""
    kinds = ("scalars", "images", "tensors")
    events = EventAccumulator(str(run.path / "tensorboard"), size_guidance=dict.fromkeys(kinds, 0))
    events.Reload()
    return events


def matches(run: Run) -> None:
    """Assert that the event files hold what the run's own files hold, and nothing else."""
    events, expected = read(run), {}
    for line in lines(run.metrics_file):
        for name in line.keys() - {"step"}:
            expected.setdefault(name, []).append((line["step"], line[name]))
    for line in lines(run.evaluations_file):
        expected.setdefault(line["metric"], []).append((line["step"], line["value"]))
    tags = events.Tags()
    assert set(tags["scalars"]) == set(expected)
    for name, points in expected.items():
        found = [(event.step, event.value) for event in events.Scalars(name)]
        assert [step for step, _ in found] == [step for step, _ in points]
        # TensorBoard stores numbers as float32.
        assert [value for _, value in found] == pytest.approx([value for _, value in points], rel=1e-6)
    pictures = {event.step: event.encoded_image_string for event in events.Images("samples")}
    assert pictures == {step: file.read_bytes() for step, file in layout.numbered(run.images, "step")}


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tmp_path_factory.mktemp("runs") / "x", 7, tensorboard=True)


def test_files_hold_every_line_score_and_grid(mirrored: Run) -> None:
    matches(mirrored)
    assert [event.step for event in read(mirrored).Scalars("fd_rows_16")] == [0, 4, 7]


def test_files_hold_the_configuration_as_text_and_as_table(mirrored: Run) -> None:
    events = read(mirrored)
    (text,) = events.Tensors("configuration/text_summary")
    assert yaml.safe_load(text.tensor_proto.string_val[0]) == mirrored.config()
    table = events.SummaryMetadata(SESSION_START_INFO_TAG).plugin_data.content
    table = parse_session_start_info_plugin_data(table).hparams
    assert table["model.init_args.latent_dim"].number_value == 3
    assert table["model.init_args.image_shape"].string_value == "[1, 8, 8]"
    assert table["tracking.tensorboard"].number_value == 1


def test_all_that_is_written_is_named_in_the_layout_and_so_removed_with_the_run(mirrored: Run) -> None:
    places = {place for place, _ in layout.files(mirrored.path)}
    assert places == {place for place, _ in layout.own_files(mirrored.path)}
    assert any(place.startswith("tensorboard/events.out.tfevents.") for place in places)


def test_resumed_run_drops_what_its_own_files_drop(mirrored: Run) -> None:
    """Step 7 has a last line, grid and score that a longer run lacks; at step 12 the grid and score are regular."""
    matches(train(mirrored.path, 12, tensorboard=True))
    run = train(mirrored.path, 14, tensorboard=True)
    matches(run)
    assert [event.step for event in read(run).Images("samples")] == [0, 3, 6, 9, 12, 14]


def test_is_off_unless_chosen(tmp_path: Path) -> None:
    assert not (train(tmp_path / "x", 2).path / "tensorboard").exists()


def test_absent_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    Tracking()
    with pytest.raises(Mistake, match=r"not installed: pip install 'gan-zoo\[tensorboard\]', or leave it out\.$"):
        Tracking(tensorboard=True)
