"""Write the lines of metrics.jsonl, pass them on to the loggers, and keep the heartbeat of run.json."""

import resource
import time
from typing import Any

import lightning.pytorch as L
import torch

from gan_zoo.callbacks.session import SessionCallback
from gan_zoo.module import GenerativeModule

HEARTBEAT = 15.0  # seconds between heartbeats in run.json


class Records(SessionCallback):
    """Write step, images, seconds, mean loss terms and speed every `log_every_n_steps` steps and at the end."""

    def __init__(self) -> None:
        self._logged = 0
        self._beat = self._last_time = time.monotonic()
        self._last_images = 0

    def on_train_start(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        self.session.begun = self._last_time = time.monotonic()
        self._last_images = module.images
        if run := self.files(trainer):
            run.drop_after(run.metrics_file, self._logged)
            run.update_record(threads=torch.get_num_threads(), device=str(trainer.strategy.root_device))

    def on_train_batch_end(self, trainer: L.Trainer, module: GenerativeModule, *_: Any) -> None:
        step = trainer.global_step
        if step % self.session.log_every == 0:
            self._write(trainer, module, step)
            self._logged = step
        if time.monotonic() - self._beat > HEARTBEAT:
            self.beat(trainer)

    def on_train_end(self, trainer: L.Trainer, module: GenerativeModule) -> None:
        if trainer.global_step % self.session.log_every and not self.session.interrupted:
            # This line is not at a regular step. A continued run drops it and goes on with the sums, so that its lines
            # equal those of a run that was longer from the start.
            kept = module.ledger.state()
            self._write(trainer, module, trainer.global_step)
            module.ledger.load(kept, trainer.global_rank)
        self.beat(trainer)

    def beat(self, trainer: L.Trainer) -> None:
        """Write speed, peak memory and the heartbeat to run.json."""
        self._beat = time.monotonic()
        if run := self.files(trainer):
            run.update_record(
                images_per_second=self.session.line.get("images_per_second"),
                peak_memory_mb=peak_memory(trainer.strategy.root_device),
            )

    def state_dict(self) -> dict[str, Any]:
        return {"logged": self._logged, "seconds": self.session.seconds(), "threads": torch.get_num_threads()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._logged, self.session.earlier = state["logged"], state["seconds"]
        torch.set_num_threads(state["threads"])  # sums over threads round by their number: see docs/exact_resume.md
        if torch.get_num_threads() != state["threads"]:
            print(f"The run had {state['threads']} threads and this process cannot: going on, not bit for bit.")

    def _write(self, trainer: L.Trainer, module: GenerativeModule, step: int) -> None:
        means = module.ledger.close()
        moment = time.monotonic()
        rate = (module.images - self._last_images) / max(moment - self._last_time, 1e-9)
        self._last_time, self._last_images = moment, module.images
        self.session.line = line = {
            "step": step,
            "images": module.images,
            "seconds": round(self.session.seconds(), 3),
            **means,
            "images_per_second": round(rate, 1),
        }
        if run := self.files(trainer):
            run.append(run.metrics_file, line)
            self.session.tell("metrics", line)
        for logger in trainer.loggers:
            logger.log_metrics({k: v for k, v in line.items() if k != "step"}, step=step)


def peak_memory(device: torch.device) -> float:
    """Return the peak memory so far, in MiB: of a CUDA device, or of the process where it trains on the CPU."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
