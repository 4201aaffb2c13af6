"""What an operator can do to trading, against agents that are played."""
