"""What an agent may hand to its engine in place of `on_message`, so that a tick costs no call through Python.

This file is compiled (`message_handler.pxd`).
"""

from core.frame import Header
from schemas.messages import Message


class MessageHandler:
    """Base of the compiled classes that take an agent's messages; `mesh.agent.Agent.taker` names the one in charge."""

    def take(self, publisher: str, header: Header, message: Message) -> None:
        """Do what `Agent.on_message` is asked to do."""
        raise NotImplementedError
