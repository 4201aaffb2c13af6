"""portfolio."""

from agents.portfolio.agent import build

__all__ = ["build"]
