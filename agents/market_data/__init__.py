"""market_data."""

from agents.market_data.agent import build, shell

__all__ = ["build", "shell"]
