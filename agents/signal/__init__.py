"""signal."""

from agents.signal.agent import build

__all__ = ["build"]
