from typing import final

@final
class Newest: ...
