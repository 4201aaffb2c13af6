from typing import final

@final
class LogIndex:
    def __init__(self) -> None: ...
