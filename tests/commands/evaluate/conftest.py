"""Fixtures that tests of `evaluate` share with those of commands and of scores."""

from tests.commands.conftest import command as command
from tests.commands.conftest import refused as refused
from tests.metrics.conftest import inception_file as inception_file
