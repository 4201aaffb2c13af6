"""Figures in a status: each role's come back as what they were, and one that lacks a field is refused."""

import msgspec
import pytest

from mesh.protocol.codec import decode, encode, type_number
from schemas.errors import FrameError
from schemas.figures import Figures
from schemas.messages import AgentStatus
from tests.unit.mesh.report.test_figures import FIGURES


def status(figures: Figures | None) -> AgentStatus:
    return AgentStatus("a", "risk", "live", 1, 0, 0, {}, (), {"repairs": 1}, {}, figures)


@pytest.mark.parametrize("role", FIGURES)
def test_figures_of_each_role_travel_in_a_status(role: str) -> None:
    told = status(FIGURES[role])
    heard = decode(type_number(told), encode(told))
    assert heard == told
    assert type(heard.figures) is type(FIGURES[role])  # type: ignore[attr-defined]


def test_an_agent_without_figures_has_none() -> None:
    told = status(None)
    assert decode(type_number(told), encode(told)) == told


@pytest.mark.parametrize("role", FIGURES)
def test_figures_that_lack_a_field_are_refused_and_not_zero(role: str) -> None:
    tree = msgspec.to_builtins(status(FIGURES[role]))
    assert tree[-1]["role"] == role
    required = [field.name for field in msgspec.structs.fields(FIGURES[role]) if field.required]
    for name in required:
        lacking = {key: value for key, value in tree[-1].items() if key != name}
        with pytest.raises(FrameError, match=f"missing required field `{name}`"):
            decode(type_number(status(None)), msgspec.msgpack.encode([*tree[:-1], lacking]))
