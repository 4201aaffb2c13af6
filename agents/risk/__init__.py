"""risk."""

from agents.risk.agent import build

__all__ = ["build"]
