"""The sources as files: which module each belongs to, and what it imports, whether it is Python or Cython."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("schemas", "core", "mesh", "agents")
"""What Tickmesh is, in the order in which one may know of the other."""
KINDS = (".py", ".pyx", ".pxd")

_CYTHON_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<source>[\w.]+)[ \t]+c?import[ \t]*(?P<names>\([^)]*\)|[^\n]*)"
    r"|c?import[ \t]+(?P<modules>[^\n]*))",
    re.MULTILINE,
)


def files(*packages: str, kinds: tuple[str, ...] = KINDS) -> list[Path]:
    """Return the sources below `packages` (names or paths below the root), sorted."""
    found = [path for package in packages for path in (ROOT / package).rglob("*") if path.suffix in kinds]
    assert found, packages
    return sorted(found)


def module_name(path: Path) -> str:
    """Return the dotted name of the module that a source belongs to; a `.pxd` belongs to that of its name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Return every module that a source imports or cimports, anywhere in it; `from a import b` gives a and a.b."""
    text = path.read_text(encoding="utf-8")
    return set(_python_imports(path, text) if path.suffix in (".py", ".pyi") else _cython_imports(text))


def imports_by_module() -> dict[str, set[str]]:
    """Return what each module of the packages imports, in all its files, of what is a module of theirs; never itself."""
    found: dict[str, set[str]] = {}
    for path in files(*PACKAGES):
        found.setdefault(module_name(path), set()).update(imports(path))
    return {name: used & found.keys() - {name} for name, used in found.items()}


def _python_imports(path: Path, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _cython_imports(text: str) -> Iterator[str]:
    for found in _CYTHON_IMPORT.finditer(re.sub(r'""".*?"""', "", text, flags=re.DOTALL)):
        if found["source"]:
            yield found["source"]
            names = re.findall(r"(\w+)(?:[ \t]+as[ \t]+\w+)?", re.sub(r"#.*", "", found["names"]))
            yield from (f"{found['source']}.{name}" for name in names)
        else:
            yield from (name.split()[0] for name in found["modules"].split("#")[0].split(","))
