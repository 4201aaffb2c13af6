"""Naming a strategy: by module or by file, in the trader's own folder, and what is said if there is none."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.signal.strategy_path import find_class
from agents.strategies.ema_cross import EmaCross
from schemas.errors import ConfigError

SOURCE = "from agents.signal.strategy import Strategy\n\nclass {name}(Strategy):\n    pass\n"


@pytest.fixture(autouse=True)
def unchanged_imports() -> Iterator[None]:
    """Forget what a test has imported, and whence."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_module_of_tickmesh_is_found_with_and_without_a_folder(tmp_path: Path) -> None:
    for folder in ("", str(tmp_path)):
        assert find_class("agents.strategies.ema_cross:EmaCross", folder) is EmaCross


def test_module_in_the_folder_is_found(tmp_path: Path) -> None:
    write(tmp_path, "momentum_of_test.py", SOURCE.format(name="Mom"))
    assert find_class("momentum_of_test:Mom", str(tmp_path)).__name__ == "Mom"


@pytest.mark.parametrize("name", ["./one_of_test.py", "one_of_test.py", "deep/er/one_of_test.py", "not-a-name.py"])
def test_file_is_found_relative_to_the_folder(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, name, SOURCE.format(name="One"))
    found = find_class(f"{name}:One", str(tmp_path))
    assert Path(sys.modules[found.__module__].__file__ or "") == file


def test_file_is_found_by_its_absolute_path(tmp_path: Path) -> None:
    file = write(tmp_path, "two_of_test.py", SOURCE.format(name="Two"))
    assert find_class(f"{file}:Two", "/").__name__ == "Two"


def test_file_and_module_of_one_name_are_one_module(tmp_path: Path) -> None:
    write(tmp_path, "both_of_test.py", SOURCE.format(name="Both"))
    assert find_class("./both_of_test.py:Both", str(tmp_path)) is find_class("both_of_test:Both", str(tmp_path))


def test_file_called_like_an_installed_module_is_loaded_all_the_same_and_once(tmp_path: Path) -> None:
    write(tmp_path, "json.py", SOURCE.format(name="Named") + "\nclass Other(Named):\n    pass\n")
    found = find_class("json.py:Named", str(tmp_path))
    assert issubclass(find_class("./json.py:Other", str(tmp_path)), found)
    import json

    assert json.loads("1") == 1


def test_file_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "near/shared_of_test.py", "from agents.signal.strategy import Strategy as Base\n")
    write(tmp_path, "near/user_of_test.py", "from shared_of_test import Base\n\nclass User(Base):\n    pass\n")
    assert find_class("near/user_of_test.py:User", str(tmp_path)).__name__ == "User"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no_such:X", "no module named 'no_such' in FOLDER and in Python's path"),
        ("agents.no_such:X", "no module named 'agents.no_such'"),
        ("./good_of_test:Good", "'./good_of_test' is no module's name (allowed: module:Class or FILE.py:Class)"),
        ("./absent.py:X", "there is no file FOLDER/absent.py (a relative file is looked for in FOLDER)"),
        ("good_of_test:Absent", "good_of_test: has no class 'Absent' (allowed: Good)"),
        ("good_of_test.py:helper", "good_of_test.py: 'helper' is not a subclass of Strategy (allowed: Good)"),
        ("agents.strategies:X", "agents.strategies: has no class 'X' (allowed: it has none)"),
        ("syntax_of_test:X", "FOLDER/syntax_of_test.py:2: "),
        ("name_of_test.py:X", "FOLDER/name_of_test.py:1: NameError: name 'nothing' is not defined"),
        ("needs_of_test:X", "FOLDER/needs_of_test.py:1: ModuleNotFoundError: No module named 'not_installed'"),
    ],
)
def test_what_is_not_there_or_broken_is_told(tmp_path: Path, path: str, said: str) -> None:
    write(tmp_path, "good_of_test.py", SOURCE.format(name="Good") + "\ndef helper():\n    pass\n")
    write(tmp_path, "syntax_of_test.py", "x = 1\ny = = 2\n")
    write(tmp_path, "name_of_test.py", "nothing\n")
    write(tmp_path, "needs_of_test.py", "import not_installed\n")
    with pytest.raises(ConfigError, match=re.escape(said.replace("FOLDER", str(tmp_path)))):
        find_class(path, str(tmp_path))
