"""Counters: each has one name and one sentence, and what is counted by name can be explained."""

import ast
import re
from pathlib import Path

import pytest

from schemas.counters import Counter, description_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("counter", Counter)
def test_a_counter_is_named_as_its_member_and_has_one_sentence(counter: Counter) -> None:
    assert counter.value == counter.name.lower()
    assert re.fullmatch(r"[A-Z][^.]*\.", counter.description)
    assert description_of(counter.value) == counter.description


def test_names_are_unique() -> None:
    assert len(Counter.__members__) == len({counter.value for counter in Counter}) == len(list(Counter))


def test_a_name_of_another_version_has_no_sentence() -> None:
    assert description_of("of_a_later_version") == ""


def test_every_counter_is_counted_somewhere() -> None:
    counted = {
        node.attr
        for package in ("mesh", "agents")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Counter"
    }
    assert counted == set(Counter.__members__)
