from typing import final

@final
class Conflator: ...
