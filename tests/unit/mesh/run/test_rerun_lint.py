"""What a strategy's source is warned of, and what it is not."""

from pathlib import Path

import pytest

from agents.strategies import book_imbalance
from mesh.run.rerun_lint import lint

DOUBTFUL = {
    "import time\nnow = time.time_ns()": "time.time_ns() reads a clock",
    "from time import monotonic_ns as now\nx = now()": "time.monotonic_ns() reads a clock",
    "import datetime\nx = datetime.datetime.now()": "datetime.datetime.now() reads a clock",
    "from datetime import date\nx = date.today()": "datetime.date.today() reads a clock",
    "import random\nx = random.choice([1, 2])": "random.choice() draws at random",
    "from random import Random\nx = Random()": "random.Random() draws at random",
    "import numpy as np\nx = np.random.normal()": "numpy.random.normal() draws at random",
    "import numpy as np\nx = np.random.default_rng()": "numpy.random.default_rng() draws at random",
    "import os\nx = os.urandom(4)": "os.urandom() draws at random",
    "import uuid\nx = uuid.uuid4()": "uuid.uuid4() draws at random",
    "import secrets\nx = secrets.token_hex()": "secrets.token_hex() draws at random",
    "import os\nx = os.getpid()": "os.getpid() asks what is not among",
    "x = 1\nx = open('weights')": "open() asks what is not among",
    "x = object()\nx = id(x)": "id() depends on addresses",
    "x = 'name'\nx = hash(x)": "hash() depends on addresses",
    "x = set('ab')\nfor each in x: pass": "x walks through a set",
    "x = 1\ny = [each for each in {1, 2}]": "{1, 2} walks through a set",
    "x: set[str] = other()\ny = list(x)": "x walks through a set",
    "x = {1, 2}\ny = next(iter(x | {3}))": "x | {3} walks through a set",
    "x = {1, 2}\ny = x.pop()": "x walks through a set",
}

PLAIN = """
import math
import random
import numpy as np
from datetime import datetime

rng = random.Random(7)
other = np.random.default_rng(seed=3)
names = {"b", "a"}
for name in sorted(names):
    print(name, len(names), name in names, min(names))
draw = rng.random() + other.normal()
born = datetime.fromtimestamp(0)
rows = {"a": 1}
for row in rows:
    rows.pop(row)
time = max(1, 2)
"""


@pytest.mark.parametrize("source", DOUBTFUL)
def test_what_may_decide_otherwise_is_named_with_its_line(tmp_path: Path, source: str) -> None:
    file = tmp_path / "strategy.py"
    file.write_text(source)
    (found,) = lint(file)
    assert (found.file, found.line) == (str(file), 2)
    assert found.text.startswith(DOUBTFUL[source])


def test_what_decides_by_its_inputs_is_not(tmp_path: Path) -> None:
    (tmp_path / "strategy.py").write_text(PLAIN)
    assert lint(tmp_path / "strategy.py") == []


def test_the_strategies_that_are_shipped_can_be_run_again() -> None:
    folder = Path(book_imbalance.__file__).parent
    assert [warned for file in sorted(folder.glob("*.py")) for warned in lint(file)] == []
