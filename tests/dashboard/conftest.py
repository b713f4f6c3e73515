"""Fixtures of the tests of the dashboard."""

from tests.report.conftest import browser as browser
