"""The mirror in TensorBoard's own files, in the folder tensorboard/ of a run."""

from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from gan_zoo.run.config import flat
from gan_zoo.run.directory import Run
from gan_zoo.run.files import lines

FLUSHED = 10  # seconds that numbers may wait in memory before TensorBoard can read them


class TensorBoard:
    """Write lines, scores and grids to event files, which `tensorboard --logdir runs` shows.

    A resumed run drops the events from its first step on, as it drops the lines of its own files, and goes on.

    Args:
        run: Run to mirror.
        step: Step that training begins or goes on from.
    """

    def __init__(self, run: Run, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams

        config = run.config()
        self._writer = SummaryWriter(str(run.path / "tensorboard"), purge_step=step, flush_secs=FLUSHED)
        events = self._writer.file_writer
        assert events
        self._events = events
        text = yaml.safe_dump(config, sort_keys=False)
        self._writer.add_text("configuration", "".join(f"    {line}\n" for line in text.splitlines()), step)
        for summary in hparams({name: simple(value) for name, value in flat(config).items()}, {}):
            self._events.add_summary(summary)
        if step:
            self._repeat(run, step)

    def log(self, kind: str, values: dict[str, Any]) -> None:
        step = values["step"]
        if kind == "samples":
            self._add_picture(Path(values["file"]), step)
            return
        counts = ("step", "images") if kind == "scores" else ("step",)
        for name, value in values.items():
            if name not in counts and value is not None:
                self._writer.add_scalar(name, value, step)

    def finish(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        """Do nothing: the files are local, and the thread that writes them ends with the process."""

    def _repeat(self, run: Run, step: int) -> None:
        """Write again what the run's own files hold at the step that a resumed run goes on from.

        The purge has removed all events of this step, and the run has dropped only what a longer run would not have
        written there.
        """
        for line in lines(run.metrics_file):
            if line["step"] == step:
                self.log("metrics", line)
        for line in lines(run.evaluations_file):
            if line["step"] == step:
                self.log("scores", {"step": step, line["metric"]: line["value"]})
        file = run.images / f"step_{step:08d}.png"
        if file.exists():
            self.log("samples", {"step": step, "file": str(file)})

    def _add_picture(self, file: Path, step: int) -> None:
        """Add the bytes of a PNG file as they are: encoding the picture again would take processor time."""
        from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportAttributeAccessIssue] (made by protoc)

        with Image.open(file) as picture:
            width, height = picture.size
            channels = len(picture.getbands())
        encoded = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=file.read_bytes())
        self._events.add_summary(Summary(value=[Summary.Value(tag="samples", image=encoded)]), step)


def simple(value: Any) -> bool | int | float | str:
    """Return `value` as one of the types that TensorBoard's table of configurations can hold."""
    return value if isinstance(value, bool | int | float | str) else str(value)
