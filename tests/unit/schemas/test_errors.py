"""The error tree: one root, a status of sysexits.h for what a command ends with, words that say what to do."""

import os

import pytest

from schemas import errors
from schemas.errors import ExitStatus, TickmeshError

TREE = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]


@pytest.mark.parametrize("error", TREE, ids=lambda each: each.__name__)
def test_every_error_has_the_one_root_and_a_status_that_is_not_success(error: type[TickmeshError]) -> None:
    assert issubclass(error, TickmeshError)
    assert error.exit_status in set(ExitStatus) - {ExitStatus.OK}
    assert error.__doc__


@pytest.mark.parametrize(
    ("status", "name"), [("NO_INPUT", "EX_NOINPUT"), ("UNAVAILABLE", "EX_UNAVAILABLE"), ("CONFIG", "EX_CONFIG")]
)
def test_statuses_are_those_of_sysexits(status: str, name: str) -> None:
    assert ExitStatus[status] == getattr(os, name)
