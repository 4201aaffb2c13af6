from typing import final

from mesh.engine import Engine
from mesh.wire import Wire

class Inlet:
    def __init__(self, wire: Wire, engine: Engine, source: str) -> None: ...
    def drain(self, count_max: int) -> int: ...

@final
class Publications(Inlet): ...

@final
class Requests(Inlet): ...

@final
class Replies(Inlet): ...
