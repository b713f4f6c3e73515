"""What the files of a run and of a study must look like, declared name by name, and checked after they are parsed.

Only names that this package reads are declared. Others pass, since another version may have written them.
Loads no torch.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gan_zoo.lookup import shorten
from gan_zoo.run.reading import Damaged


@dataclass(frozen=True)
class Rule:
    """What a value must be."""

    wanted: str
    """How a message continues after "it should be"."""
    fits: Callable[[Any], bool]


@dataclass(frozen=True)
class Schema:
    """What an object must hold."""

    rules: Mapping[str, Rule]
    """The rule for each name."""
    needed: tuple[str, ...] = ()
    """Names that may not be missing."""

    def check(self, content: Any, place: str) -> dict[str, Any]:
        """Return `content`, which messages call `place`, if it fits.

        Raises:
            Damaged: It does not fit. The message names the entry.
        """
        if not isinstance(content, dict):
            raise Damaged(f"{place} holds {shorten(repr(content), 40)}, and should hold values by name.")
        for name in self.needed:
            if name not in content:
                raise Damaged(f"{place} cannot be used: it has no {name}.")
        for name, rule in self.rules.items():
            if name in content and not rule.fits(content[name]):
                found = shorten(repr(content[name]), 40)
                raise Damaged(f"{place} cannot be used: {name} is {found}, and should be {rule.wanted}.")
        return content

    def fits(self, content: Any) -> bool:
        """Return whether `content` fits."""
        try:
            self.check(content, "")
        except Damaged:
            return False
        return True


def optional(rule: Rule) -> Rule:
    """Return the rule that also accepts null."""
    return Rule(f"{rule.wanted}, or null", lambda value: value is None or rule.fits(value))


def list_of(wanted: str, fits: Callable[[Any], bool]) -> Rule:
    """Return the rule for a list whose items all fit."""
    return Rule(f"a list of {wanted}", lambda value: isinstance(value, list) and all(map(fits, value)))


def is_number(value: Any) -> bool:
    """Return whether `value` is a number that a float can hold; True and False are none."""
    return type(value) in (int, float) and abs(value) < 1e300


def is_moment(value: Any) -> bool:
    """Return whether `value` is a time in ISO format, within the years that this computer can count."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).timestamp() > 0
    except (ValueError, OverflowError, OSError):
        return False


def is_version(value: Any) -> bool:
    """Return whether `value` is the number of a version."""
    return isinstance(value, str) and bool(re.fullmatch(r"\d+(\.\d+)*[\w.+-]{0,40}", value))


def is_line(value: Any) -> bool:
    """Return whether `value` is a text that a table can show on one line."""
    return isinstance(value, str) and len(value) <= 500 and value.isprintable()


def is_named(value: Any) -> bool:
    """Return whether `value` is an object whose keys are all texts."""
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


COUNT = Rule("a whole number from 0", lambda value: type(value) is int and value >= 0)
NUMBER = Rule("a number", is_number)
TEXT = Rule("a text", lambda value: isinstance(value, str))
LINE_OF_TEXT = Rule("a printable text of at most 500 characters", is_line)
MOMENT = Rule("a time such as 2026-01-31T12:00:00+00:00", is_moment)
NAMED = Rule("an object with texts as keys", is_named)
NAMED_VALUES = Schema({})
"""Any object."""
HASH = re.compile(r"[0-9a-f]{1,64}")

STATUSES = ("running", "finished", "interrupted", "failed")
EVENT = Schema({"step": COUNT, "kind": LINE_OF_TEXT, "message": TEXT}, needed=("step", "kind"))
RECORD = Schema(
    {
        "status": Rule(f"one of {', '.join(STATUSES)}", lambda value: value in STATUSES),
        "model": TEXT,
        "data": optional(TEXT),
        "device": TEXT,
        "seed": optional(COUNT),
        "checkpoint": COUNT,
        "start": MOMENT,
        "heartbeat": MOMENT,
        "end": optional(MOMENT),
        "error": optional(TEXT),
        "images_per_second": optional(NUMBER),
        "peak_memory_mb": optional(NUMBER),
        "evaluating": NUMBER,
        "wandb_id": LINE_OF_TEXT,
        "events": list_of("events with step, kind and message", EVENT.fits),
    }
)
"""run.json."""
LINE = Schema(
    {
        "step": COUNT,
        "images": optional(COUNT),
        "seconds": optional(NUMBER),
        "images_per_second": optional(NUMBER),
        "metric": LINE_OF_TEXT,
        "value": optional(NUMBER),
        "interval": optional(Rule("two numbers", lambda v: isinstance(v, list) and [*map(is_number, v)] == [True] * 2)),
        "protocol": optional(NAMED),
    },
    needed=("step",),
)
"""A line of metrics.jsonl or evaluations.jsonl."""
THING = Schema({"class_path": LINE_OF_TEXT, "init_args": NAMED}, needed=("class_path",))
CONFIG = Schema(
    {
        **{name: optional(Rule("a mapping with class_path and init_args", THING.fits)) for name in ("model", "data")},
        **{
            name: optional(Rule("options by name", is_named))
            for name in ("trainer", "grids", "evaluation", "checkpoints", "tracking", "watchdog")
        },
    }
)
"""config.yaml of a run."""
CELL = Schema(
    {
        "method": LINE_OF_TEXT,
        "settings": NAMED,
        "hash": Rule("a text of hexadecimal digits", lambda v: isinstance(v, str) and bool(HASH.fullmatch(v))),
        "status": Rule("a word", is_line),
        "attempts": COUNT,
        "last_line": optional(TEXT),
    }
)
CELL_NAME = re.compile(r"[A-Za-z0-9][\w.+=-]*")
"""A cell's name, which is the name of its directory."""


STUDY = Schema({"name": optional(LINE_OF_TEXT), "cells": Rule("cells by name", is_named)}, needed=("cells",))
"""study.json, whose cells `whole_cells` checks one by one."""


def whole_cells(cells: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the cells of study.json that are whole. A name that leads out of the study's folder is left out."""
    return {name: cell for name, cell in cells.items() if CELL_NAME.fullmatch(name) and CELL.fits(cell)}


HEADER = Schema(
    {
        "model": LINE_OF_TEXT,
        "hyperparameters": NAMED,
        "weights": Rule("averaged or last", lambda value: value in ("averaged", "last")),
        "seed": COUNT,
        "images": COUNT,
        "step": COUNT,
    },
    needed=("model", "hyperparameters", "weights", "seed", "images"),
)
"""The entry gan_zoo of a .safetensors file's header."""
MADE_BY = Schema(
    {
        "model": LINE_OF_TEXT,
        "seed": COUNT,
        "images": COUNT,
        "ledger": list_of("sums by name", lambda sums: is_named(sums) and all(map(is_number, sums.values()))),
    },
    needed=("model", "seed", "images", "ledger"),
)
"""The entry gan_zoo of a checkpoint."""
CHECKPOINT = Schema(
    {
        "state_dict": Rule("tensors by name", is_named),
        "hyper_parameters": NAMED,
        "pytorch-lightning_version": Rule("a version such as 2.6.6", is_version),
        "global_step": COUNT,
        "epoch": COUNT,
        "loops": NAMED,
        "callbacks": NAMED,
        "optimizer_states": list_of("states by name", is_named),
        "lr_schedulers": list_of("states by name", is_named),
    },
    needed=("state_dict",),
)
"""A checkpoint of Lightning's."""
