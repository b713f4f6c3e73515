"""What tests of `evaluate` share with those of scores."""

from tests.metrics.conftest import inception_file as inception_file
