"""Progress of a run: a bar in a terminal, a line every 30 seconds elsewhere."""

import time
from typing import Any

import lightning.pytorch as L
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.module import GenerativeModule

REFRESH = 0.2  # seconds between updates of the bar
LINE = 30.0  # seconds between lines where there is no terminal


class Progress(SessionCallback):
    """Show step, images per second, losses, last scores and remaining time, on rank 0 only."""

    def __init__(self) -> None:
        self._console = Console()
        self._bar: Bar | None = None
        self._shown = 0.0
        self._first_step = 0

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._first_step = trainer.global_step
        self._shown = 0.0
        if trainer.is_global_zero and self._console.is_terminal:
            text = TextColumn("{task.description}", table_column=Column(no_wrap=False, ratio=1))
            self._bar = Bar(BarColumn(bar_width=20), text, console=self._console, expand=True)
            self._bar.add_task("", total=trainer.max_steps if trainer.max_steps > 0 else None)
            self._bar.start()

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        now = time.monotonic()
        if now - self._shown > (REFRESH if self._bar else LINE) and self.session.line:
            self._shown = now
            self._show(trainer)

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self._show(trainer)
        self._stop()

    def on_exception(self, trainer: L.Trainer, module: GenerativeModule, exception: BaseException) -> None:
        self._stop()

    def _show(self, trainer: L.Trainer) -> None:
        text = self.describe(trainer.global_step, trainer.max_steps)
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=trainer.global_step, description=text)
        elif trainer.is_global_zero:
            print(text, flush=True)

    def describe(self, step: int, total: int) -> str:
        """Return a line such as `step 400/2000 · 1:20 left · 5123 images/s · fd_lenet_10k 41 · generator/loss 0.9`."""
        line = self.session.line
        parts = [f"step {step}/{total}" if total > 0 else f"step {step}"]
        done = step - self._first_step
        if total > 0 and done > 0 and step < total:
            left = (time.monotonic() - self.session.begun) / done * (total - step)
            parts.append(f"{int(left // 60)}:{int(left % 60):02d} left")
        if "images_per_second" in line:
            parts.append(f"{line['images_per_second']:.0f} images/s")
        parts += [f"{name} {value:.4g}" for name, value in self.session.scores.items()]
        parts += [f"{name} {value:.4g}" for name, value in line.items() if "/" in name]
        return " · ".join(parts)

    def _stop(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None
