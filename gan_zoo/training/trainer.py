"""A Lightning Trainer with our strategy, seed, records, grids, scores and checkpoints, for `fit` and notebooks."""

import errno
import logging
import re
import signal
import warnings
from contextlib import closing
from pathlib import Path
from traceback import walk_tb
from typing import Any

import lightning.pytorch as L
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.pytorch.callbacks import EarlyStopping, Timer
from lightning.pytorch.plugins.io import AsyncCheckpointIO
from lightning.pytorch.strategies.launchers import _MultiProcessingLauncher, _SubprocessScriptLauncher
from lightning.pytorch.utilities.model_helpers import is_overridden

from gan_zoo import interrupts
from gan_zoo.bounds import bounded
from gan_zoo.callbacks.checkpoints import Checkpoints, StraightIO
from gan_zoo.callbacks.evaluation import Evaluation
from gan_zoo.callbacks.grids import Grids
from gan_zoo.callbacks.opening import Opening
from gan_zoo.callbacks.progress import Progress
from gan_zoo.callbacks.records import Records
from gan_zoo.callbacks.session import Session
from gan_zoo.callbacks.stopping import EMPTY, NoSignals, Signals, Stopping
from gan_zoo.callbacks.tracking import Tracking
from gan_zoo.callbacks.watchdog import Watchdog
from gan_zoo.distributed.strategy import TurnTakingDDP
from gan_zoo.errors import Mistake, NonFinite, RunFailed
from gan_zoo.lookup import shorten
from gan_zoo.module import GenerativeModule
from gan_zoo.run import config as configuration
from gan_zoo.run.directory import Run, now
from gan_zoo.step.optimizers import Clipping
from gan_zoo.training import resume
from gan_zoo.training.restoring import Restoring
from gan_zoo.training.trainer_flags import refuse_unusable

# Silences Lightning's adverts, its advice on workers, which data in memory does not need, and a warning about itself.
logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.WARNING)
NOT_FOR_US = ".*does not have many workers|.*isinstance.treespec, LeafSpec"

DEFAULTS = {
    "max_epochs": -1,  # the stream has no end: steps or images decide
    "logger": False,  # metrics.jsonl is the source of truth
    "num_sanity_val_steps": 0,
}
"""Arguments whose defaults differ from those of lightning.Trainer."""

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""The errors of a disk that is full, has turned read-only, or is broken."""


class Trainer(L.Trainer):
    """Train one run, or resume it: `Trainer(run="runs/x", seed=1, max_steps=2000).fit(WGANGP(...), MNIST())`.

    The constructor seeds the process, so that `seed` decides the weights of a model that is made after it.

    Args:
        run: Directory of the run; None: no files are written.
        seed: Seed of the weights, of the order of the data and of the random numbers of every step.
        max_images: Number of real images, summed over devices, after which the run ends; 0: no limit.
        max_seconds: Seconds of training, over all resumptions and with its scores, after which the run ends; 0: no
            limit.
        init: A run's directory, checkpoint or model file whose weights a new run starts from.
        grids: When and how sample grids are drawn.
        evaluation: When and how the generator is scored; not at all by default.
        checkpoints: When checkpoints are written.
        tracking: Whether the run is mirrored to wandb and TensorBoard.
        watchdog: Which problems are recorded, and whether a run with a non-finite loss goes back.
        config: The configuration as the command line resolved it; None: collected from the objects.
        lightning_arguments: Arguments of lightning.Trainer.
    """

    log_every_n_steps: int  # set by Lightning where type checkers do not see it

    def __init__(
        self,
        run: str | Path | None = None,
        seed: int = 0,
        max_images: int = 0,
        max_seconds: float = 0.0,
        init: str | Path | None = None,
        grids: Grids | None = None,
        evaluation: Evaluation | None = None,
        checkpoints: Checkpoints | None = None,
        tracking: Tracking | None = None,
        watchdog: Watchdog | None = None,
        config: dict[str, Any] | None = None,
        **lightning_arguments: Any,
    ) -> None:
        given = DEFAULTS | lightning_arguments
        refuse_unusable(given)
        bounded("", at_least=0, max_images=max_images, max_seconds=max_seconds)
        self.seed, self.init, self.config = seed, init, config
        self.max_images, self.max_seconds = max_images, max_seconds
        self.settings = {
            "grids": grids or Grids(),
            "evaluation": evaluation or Evaluation(),
            "checkpoints": checkpoints or Checkpoints(),
            "tracking": tracking or Tracking(),
            "watchdog": watchdog or Watchdog(),
        }
        self.given = {n: value for n, value in given.items() if n != "callbacks" and configuration.is_plain(value)}
        self._deals_loaders = given.get("use_distributed_sampler", True)
        trial = bool(given.get("fast_dev_run"))
        self.session = Session(run=Run(run) if run and not trial else None)
        if trial:
            self.settings["evaluation"].samples = 64  # one step of everything, to see that it works
        callbacks = self._callbacks(
            given.pop("callbacks", None), bar=given.pop("enable_progress_bar", None) is not False
        )
        try:
            super().__init__(
                callbacks=callbacks,
                strategy=_strategy(given),
                enable_checkpointing=False,
                enable_model_summary=bool(given.get("enable_model_summary")),
                enable_progress_bar=False,
                use_distributed_sampler=False,
                **{name: value for name, value in given.items() if name not in REPLACED},
            )
        except Mistake:
            raise
        except Exception as error:  # an argument that Lightning or a package that it needs refuses
            raise Mistake(shorten(f"Lightning's Trainer refuses {_blamed(error, given)}: {error}")) from error
        self._refuse_unfit_parts()
        if given.get("sync_batchnorm") and self.strategy.root_device.type == "cpu":
            raise Mistake("trainer.sync_batchnorm is true: torch synchronises batch norm on GPUs only. Leave it out.")
        self._take_over()
        self._checkpoint_connector = Restoring(self)
        if type(self.strategy.checkpoint_io) is TorchCheckpointIO:  # else it is the user's
            self.strategy.checkpoint_io = StraightIO()
        cluster = self._accelerator_connector.cluster_environment
        if isinstance(cluster, SLURMEnvironment):  # it would put one checkpoint of its own for all runs into the cwd
            cluster.auto_requeue = False
        self.session.log_every = self.log_every_n_steps
        self._signal_connector = NoSignals(self)
        if isinstance(self.strategy.launcher, _SubprocessScriptLauncher):
            launcher = self.strategy.launcher
            interrupts.before_forced_end.append(lambda: launcher.kill(signal.SIGKILL))
        L.seed_everything(seed, verbose=False)

    def fit(  # type: ignore[override]
        self, model: GenerativeModule, train_dataloaders: Any = None, *, datamodule: L.LightningDataModule | None = None
    ) -> None:
        """Train `model` from the start, from `init`, or from the last checkpoint in the run's directory.

        Args:
            model: The model, made after this Trainer so that its weights follow the seed.
            train_dataloaders: A data module, or a loader of batches.
            datamodule: A data module, by name.

        Raises:
            Mistake: The directory cannot be written, is in use, or holds a run of another configuration.
            NonFinite: A loss or weight was not finite. The last checkpoint is from before.
            RunFailed: The disk is full or gone.
        """
        if isinstance(train_dataloaders, L.LightningDataModule):
            train_dataloaders, datamodule = None, train_dataloaders
        data = {"train_dataloaders": train_dataloaders, "datamodule": datamodule}
        model.seed, self.session.data = self.seed, datamodule
        model.clipping, model.micro_batches = self.clipping, self.micro_batches
        # A data module deals its images to the processes itself.
        self._accelerator_connector.use_distributed_sampler = self._deals_loaders and datamodule is None
        self._refuse_early_stopping(model)
        run = self.session.run
        with warnings.catch_warnings(), closing(self.signals):
            warnings.filterwarnings("ignore", message=NOT_FOR_US)
            if run is None:
                self._start_from_init(model)
                self._fit(model, data)
                return
            try:
                config = configuration.plain(self.config or self._gather(model, datamodule))
                if self.is_first:
                    run.hold()
                    resume.refuse_unlike(run, config, self.max_steps)
                self.opening.begin = lambda: resume.begin(run, config, self._facts(model, datamodule))
                self._train(run, model, data)
            except OSError as error:
                if error.errno not in DISK:
                    raise
                raise RunFailed(
                    f"{run.path} cannot be written: {error.strerror}. Its last checkpoint is whole: make room, and the "
                    "same command goes on from there."
                ) from error
            finally:
                run.release()

    def _refuse_unfit_parts(self) -> None:
        """Raise `Mistake` if the run would lose its end, or its checkpoints, because of a part of Lightning."""
        if isinstance(self.strategy.launcher, _MultiProcessingLauncher):
            raise Mistake(
                f"trainer.strategy is {self.given.get('strategy')}: it starts its processes as copies of this one, "
                "which a run cannot follow. Leave it out: several devices then train with gan_zoo's own strategy."
            )
        if isinstance(self.strategy.checkpoint_io, AsyncCheckpointIO):
            raise Mistake(
                "trainer.plugins names AsyncCheckpointIO: a checkpoint must be whole before it replaces the last one. "
                "Leave it out."
            )
        callbacks: list[L.Callback] = self.callbacks  # pyright: ignore[reportAttributeAccessIssue]
        for callback in callbacks:
            if isinstance(callback, Timer):
                raise Mistake("trainer.callbacks names Timer: say --max_seconds, which counts over resumptions.")

    def _refuse_early_stopping(self, model: GenerativeModule) -> None:
        """Raise `Mistake` if a callback waits for a validation that never comes, and would fail at the end."""
        callbacks: list[L.Callback] = self.callbacks  # pyright: ignore[reportAttributeAccessIssue]
        for callback in callbacks:
            if isinstance(callback, EarlyStopping) and not is_overridden("validation_step", model):
                raise Mistake(
                    f"trainer.callbacks names {type(callback).__name__}, which looks for the metric {callback.monitor} "
                    f"after each validation, and {type(model).__name__} has no validation. Leave it out."
                )

    def _take_over(self) -> None:
        """Take over the flags that Lightning allows for a single optimizer only, and clear them there."""
        algorithm = self.gradient_clip_algorithm
        self.clipping = Clipping(self.gradient_clip_val or 0.0, algorithm.value if algorithm else "norm")
        self.micro_batches = self.accumulate_grad_batches
        self.gradient_clip_val, self.gradient_clip_algorithm, self.accumulate_grad_batches = None, None, 1

    @property
    def is_first(self) -> bool:
        """Return whether this process will be rank 0, which is known before the processes have connected."""
        return self.node_rank == 0 and self.local_rank == 0

    def _callbacks(self, user_callbacks: Any, bar: bool) -> list[L.Callback]:
        """Return all callbacks in the order in which they are called: ours, then the user's, then the checkpoints.

        The checkpoints come last, because they hold what all others did at a step.
        """
        stopping = Stopping(self.max_images, self.max_seconds)
        evaluation = self.settings["evaluation"]
        self.opening = Opening(evaluation.prepare)
        self.signals = Signals()
        first = [self.signals, self.opening, self.settings["tracking"], Records(), self.settings["grids"], evaluation]
        first += [self.settings["watchdog"], stopping]
        first += [Progress()] if bar else []
        last = self.settings["checkpoints"]
        for callback in (*first, last):
            callback.session = self.session
        if not isinstance(user_callbacks, list):
            user_callbacks = [user_callbacks] if user_callbacks else []
        return [*first, *user_callbacks, last]

    def _facts(self, model: GenerativeModule, datamodule: Any) -> dict[str, Any]:
        """Return the entries of run.json that are known before the first step."""
        kinds = {"model": type(model).__name__, "data": type(datamodule).__name__}
        return {**kinds, "seed": self.seed, "devices": self.world_size}

    def _gather(self, model: GenerativeModule, datamodule: Any) -> dict[str, Any]:
        """Return the configuration of a run that no command line has resolved."""
        return {
            "seed": self.seed,
            "max_images": self.max_images,
            "max_seconds": self.max_seconds,
            "init": str(self.init) if self.init else None,
            "model": configuration.described(model),
            "data": configuration.described(datamodule) if datamodule else None,
            "trainer": self.given,
            **{name: configuration.settings(callback) for name, callback in self.settings.items()},
        }

    def _train(self, run: Run, model: GenerativeModule, data: dict[str, Any]) -> None:
        try:
            resumed, message = resume.latest(run)
            if message and self.is_first:
                print(message)
            if resumed is None:
                self._start_from_init(model)
            if isinstance(self.strategy, TurnTakingDDP):
                self.strategy.on_loss = run.note_end
            self._fit_or_roll_back(run, model, data, resumed)
        except BaseException as error:
            where = f"rank {self.global_rank}: " if self.world_size > 1 else ""
            strategy = self.strategy if isinstance(self.strategy, TurnTakingDDP) else None
            is_stopped = interrupts.is_stopping() or (strategy is not None and strategy.is_stopped())
            is_asked = is_stopped or isinstance(error, KeyboardInterrupt | SystemExit)
            run.note_end(None if is_asked else f"{where}{error}")
            if is_stopped:
                if isinstance(self.strategy.launcher, _SubprocessScriptLauncher):
                    self.strategy.launcher.procs.clear()  # else Lightning kills this process, as it killed the others
                raise KeyboardInterrupt from error
            lost = (strategy.lost() if strategy else "") or lost_reader(error)
            if lost and isinstance(error, RuntimeError) and not isinstance(error, RunFailed):
                raise RunFailed(f"{lost} The same command goes on from the last checkpoint.") from error
            raise
        if self.is_global_zero and run.exists():  # a run of no steps has made no directory
            run.update_record(status="interrupted" if self.session.interrupted else "finished", end=now())

    def _fit_or_roll_back(self, run: Run, model: GenerativeModule, data: dict[str, Any], resumed: Path | None) -> None:
        while True:
            try:
                return self._fit(model, data, ckpt_path=resumed, weights_only=True)
            except NonFinite as error:
                resumed = run.last if run.last.exists() else None
                if not self.settings["watchdog"].takes_back(self, error, resumed is not None):
                    raise
                self.fit_loop._combined_loader = None  # made anew, from the checkpoint's step on

    def _fit(self, model: GenerativeModule, data: dict[str, Any], **checkpoint: Any) -> None:
        super().fit(model, **data, **checkpoint)
        if self.num_training_batches == 0:  # Lightning only warns
            raise Mistake(EMPTY)

    def _start_from_init(self, model: GenerativeModule) -> None:
        if self.init:
            report = resume.start_from(model, Path(self.init))
            if self.is_first:
                print(report)
        elif self.is_first and model.weights_seed != self.seed:
            print(
                f"Note: the model was made before this Trainer, so its first weights do not follow seed {self.seed}: "
                "make the Trainer first."
            )


def lost_reader(error: BaseException) -> str:
    """Return a message if `error` says that a process that read data has ended; else "".

    The system kills such a process if memory is short, for example.
    """
    match = re.match(r"DataLoader worker \(pid[^)]*\) (?:is |exited )[^.]*", str(error))
    return f"A process that reads data (--data.workers) has ended: {match[0]}." if match else ""


def _blamed(error: BaseException, given: dict[str, Any]) -> str:
    """Return the option, with its value, whose part raised `error`; "this" if that is not known."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    parts = {part for module in modules for part in module.split(".")}
    for name, folder in (("accelerator", "accelerators"), ("strategy", "strategies"), ("plugins", "plugins")):
        if folder in parts and isinstance(given.get(name), str):
            return f"trainer.{name} {given[name]}"
    return "this"


REPLACED = ("strategy", "enable_checkpointing", "enable_model_summary", "use_distributed_sampler")


def _strategy(given: dict[str, Any]) -> Any:
    """Return the strategy that the user chose, or ours if there are several processes."""
    if given.get("strategy", "auto") != "auto":
        return given["strategy"]
    where = {name: given[name] for name in ("accelerator", "devices", "num_nodes") if name in given}
    alone = L.Trainer(**where, logger=False, enable_checkpointing=False).world_size == 1
    return "auto" if alone else TurnTakingDDP()
