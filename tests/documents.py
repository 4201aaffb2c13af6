"""README and docs as tests read them: fenced blocks with the comment before each, inline code, links, tables."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- ([a-z ]+): (.*) -->\n\Z")
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)

NOT_RUN, ENVIRONMENT, BESIDE, STATUSES = "not run", "run with", "run beside", "ends with"
DIRECTIVES = {NOT_RUN, ENVIRONMENT, BESIDE, STATUSES}


class Block(NamedTuple):
    """A fenced block: its language, its text, and what the comment right before it says."""

    language: str
    text: str
    directive: str
    argument: str

    @property
    def statuses(self) -> set[int]:
        """The exit statuses that its commands may have."""
        return {int(n) for n in self.argument.split(" or ")} if self.directive == STATUSES else {0}

    @property
    def variables(self) -> dict[str, str]:
        """Variables of its environment."""
        pairs = shlex.split(self.argument) if self.directive == ENVIRONMENT else []
        return dict(pair.split("=", 1) for pair in pairs)

    def commands(self) -> Iterator[list[str]]:
        """Yield the command lines in words, without comments."""
        for line in self.text.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


class Document:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")

    def blocks(self, language: str = "") -> list[Block]:
        """Return the fenced blocks, of one language if it is given."""
        found = []
        for fence in _FENCE.finditer(self.text):
            comment = _COMMENT.search(self.text[: fence.start()])
            directive, argument = comment.groups() if comment else ("", "")
            found.append(Block(fence[1], fence[2], directive, argument))
        return [block for block in found if not language or block.language == language]

    def prose(self) -> str:
        """Return the text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def code(self) -> list[str]:
        """Return what stands between single backticks."""
        return _CODE.findall(self.prose())

    def links(self) -> list[str]:
        """Return where links go."""
        return _LINK.findall(self.prose())

    def anchors(self) -> set[str]:
        """Return the anchors of its headings."""
        plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(self.prose()))
        return {heading.replace(" ", "-") for heading in plain}

    def section(self, heading: str) -> str:
        """Return what stands under a heading, up to the next one of its depth or above."""
        found = re.search(rf"^(#+) {re.escape(heading)}$\n", self.text, re.MULTILINE)
        assert found is not None, f"{self.path.name} has no heading {heading!r}"
        rest = self.text[found.end() :]
        end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
        return rest[: end.start()] if end else rest


def table(text: str) -> list[list[str]]:
    """Return the rows of the first table in `text`, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]
