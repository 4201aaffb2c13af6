"""execution."""

from agents.execution.agent import build, shell

__all__ = ["build", "shell"]
