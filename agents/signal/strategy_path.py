"""Where a strategy's class is found: in a module that Python knows, or in a file of the trader's own.

`module:Class` is imported as Python would, and the folder of strategies (`mesh.strategy_dir`, the configuration's own
unless it says otherwise) is added at the end of Python's path: what lies there is found, but takes the place of nothing
that is installed. `FILE.py:Class` names a file, a relative one from that same folder. A file is loaded once in a process,
however it is named, so that two strategies of one file share one module.
"""

import importlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType

from agents.signal.strategy import Strategy
from schemas.errors import ConfigError

FILE_ENDING = ".py"
WRONG_MODULE = (ImportError, SyntaxError, NameError, AttributeError, TypeError, ValueError)
"""What a module raises that has a mistake at its top level."""


def find_class(path: str, folder: str) -> type[Strategy]:
    """Return the strategy class that `path` names, in `folder` or anywhere that Python looks.

    Raises:
        ConfigError: If there is no such module, file or class, or it is not a Strategy; says what was found.
    """
    where, _, class_name = path.partition(":")
    _make_importable(folder)
    module = _file(where, folder) if where.endswith(FILE_ENDING) else _module(where, folder)
    found = getattr(module, class_name, None)
    if not (inspect.isclass(found) and issubclass(found, Strategy)):
        what = f"has no class {class_name!r}" if found is None else f"{class_name!r} is not a subclass of Strategy"
        raise ConfigError(
            f"cannot be loaded: {where}: {what} (allowed: {', '.join(_strategies(module)) or 'it has none'})"
        )
    return found


def _module(name: str, folder: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ConfigError(f"cannot be loaded: {name!r} is no module's name (allowed: module:Class or FILE.py:Class)")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ConfigError(f"cannot be loaded: {_told(error)}") from error
        places = f"{folder} and in Python's path" if folder else "Python's path"
        raise ConfigError(
            f"cannot be loaded: no module named {error.name!r} in {places} (allowed: module:Class or FILE.py:Class)"
        ) from error
    except WRONG_MODULE as error:
        raise ConfigError(f"cannot be loaded: {_told(error)}") from error


def _file(name: str, folder: str) -> ModuleType:
    file = Path(folder, name).resolve()
    if not file.is_file():
        raise ConfigError(
            f"cannot be loaded: there is no file {file} (a relative file is looked for in {folder or '.'})"
        )
    _make_importable(str(file.parent))
    known = sys.modules.get(str(file))
    if known is not None:
        return known
    try:
        if file.stem.isidentifier():
            spec = importlib.util.find_spec(file.stem)
            if spec is not None and spec.origin is not None and Path(spec.origin).resolve() == file:
                return importlib.import_module(file.stem)
        return _load(file)
    except WRONG_MODULE as error:
        raise ConfigError(f"cannot be loaded: {_told(error)}") from error


def _load(file: Path) -> ModuleType:
    """Load a file that no import would find: something else has its name. It goes by its path then."""
    spec = importlib.util.spec_from_file_location(str(file), file)
    assert spec is not None, "the file ends in .py"
    assert spec.loader is not None, "and so has a loader"
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def _make_importable(folder: str) -> None:
    if folder and folder not in sys.path:
        sys.path.append(folder)


def _strategies(module: ModuleType) -> list[str]:
    """Return the names of the strategies that a module defines."""
    members = inspect.getmembers(module, inspect.isclass)
    return [name for name, each in members if issubclass(each, Strategy) and each.__module__ == module.__name__]


def _told(error: Exception) -> str:
    """Return what an import ran into, with the place where it did."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {error.msg}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}: {type(error).__name__}: {error}"
