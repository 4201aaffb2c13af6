"""Who takes an agent's messages: by a C call where they come too often for a call through Python.

This file is compiled (`message_handler.pxd`).
"""

from collections.abc import Callable

from core.frame import Header
from schemas.messages import Message


class MessageHandler:
    """Base of the compiled classes that take an agent's messages; `mesh.agent.Handlers` names the one in charge."""

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Apply the next message of a subscribed stream, in order, each exactly once (a snapshot stands for many)."""
        raise NotImplementedError

    def on_messages(self, publisher: str, headers: list[Header], messages: list[Message]) -> None:
        """Apply messages of one stream that came together, in order, each once; what it causes rests on the last."""
        for place, header in enumerate(headers):
            self.on_message(publisher, header, messages[place])

    def can_wait(self) -> bool:
        """Return whether a message that is conflated may wait until something else reaches the agent.

        So it is where nothing is ever done at once about such a message, and the newest of those that follow each other on
        a stream leaves the agent as all of them would.
        """
        return False


class PassOn(MessageHandler):
    """Hands messages on to the methods of an agent that takes them itself."""

    def __init__(
        self,
        on_message: Callable[[str, Header, Message], None],
        on_messages: Callable[[str, list[Header], list[Message]], None],
    ) -> None:
        """Take the agent's methods for one message and for several that came together."""
        self._on_message = on_message
        self._on_messages = on_messages

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Hand it on."""
        self._on_message(publisher, header, message)

    def on_messages(self, publisher: str, headers: list[Header], messages: list[Message]) -> None:
        """Hand them on."""
        self._on_messages(publisher, headers, messages)
