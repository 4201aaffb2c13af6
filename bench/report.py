"""The report of a run: one HTML file that opens from disk with its pictures in it, each picture as a PNG beside it, and the
main table and two pictures as Markdown.

Without matplotlib (the `bench` extra) there is the table and every figure, and a word on what is missing.
"""

import base64
import importlib.util
from html import escape
from io import BytesIO
from pathlib import Path

from bench import markdown
from bench.result import Figure, Profile, Result, ScenarioResult, Table, TargetLine, short

DPI = 110
HELD = {None: ("-", "none"), True: ("yes", "yes"), False: ("no", "no")}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; max-width: 1020px; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { margin-top: 2.2em; border-bottom: 1px solid #d0d7de; }
table { border-collapse: collapse; width: 100%; font-size: 0.9em; } td, th { text-align: left; padding: 0.25em 0.7em; }
tr:nth-child(even) { background: #f6f8fa; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.yes { color: #1a7f37; font-weight: 600; } .no { color: #cf222e; font-weight: 600; } .none, .small { color: #656d76; }
.small, figcaption { font-size: 0.9em; } figcaption { color: #656d76; } figure { margin: 1.2em 0; }
img { max-width: 100%; } details { margin: 0.8em 0; } pre { background: #f6f8fa; padding: 0.7em; overflow-x: auto; }
"""


def write(result: Result, stem: Path) -> list[str]:
    """Write `stem.html`, `stem.md` and the pictures in the folder `stem`; return lines that tell where everything is."""
    drawn: dict[str, list[tuple[str, bytes]]] = {}
    told = [f"result:  {stem.with_suffix('.json')}"]
    if importlib.util.find_spec("matplotlib") is None:
        told.append("no pictures: matplotlib is not installed (requirements-bench.txt has it)")
    else:
        drawn = _draw(result, stem)
        told.append(f"pictures: {stem}/")
    page = stem.with_suffix(".html")
    page.write_text(_page(result, drawn), encoding="utf-8")
    brief = stem.with_suffix(".md")
    brief.write_text(markdown.text(result), encoding="utf-8")
    return [*told, f"report:  {page}", f"brief:   {brief}"]


def _draw(result: Result, folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    """Write each picture as a PNG and return them by scenario with their captions."""
    from bench import charts

    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[tuple[str, bytes]]] = {}
    for name, caption, picture in charts.pictures(result):
        file = BytesIO()
        picture.savefig(file, format="png", dpi=DPI)
        charts.close(picture)
        (folder / f"{name}.png").write_bytes(file.getvalue())
        found.setdefault(name.partition("-")[0], []).append((caption, file.getvalue()))
    return found


def _page(result: Result, drawn: dict[str, list[tuple[str, bytes]]]) -> str:
    machine, settings = result.machine, result.settings
    facts = [
        f"commit {result.commit or 'unknown'}, {result.started}, {result.seconds:.0f} s",
        f"{machine['processor']}, {machine['cpus']} CPUs, {machine['memory_gib']} GiB, Linux {machine['kernel']}, "
        f"Python {machine['python']}, floors by {machine['c_compiler'] or 'no compiler'}, load {machine['load_before']} "
        f"before, {machine['load_after']} after",
        f"mode {settings['mode']}, {settings['rounds']} rounds at most, measured on CPU {settings['cpu']} (-1: not pinned)",
        ", ".join(f"{name} {version}" for name, version in result.versions.items()),
        *(f"{name}: {text}" for name, text in result.method.items()),
    ]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Tickmesh benchmark</title><style>{STYLE}</style><h1>Tickmesh benchmark</h1>",
        "".join(f"<p class=small>{escape(fact)}</p>" for fact in facts),
        "<h2>Targets</h2>",
        _targets(result.targets),
        _pictures(drawn.get("targets", [])),
        *(_scenario(scenario, drawn.get(scenario.name, [])) for scenario in result.scenarios),
        "</html>",
    ]
    return "\n".join(parts)


def _targets(lines: list[TargetLine]) -> str:
    rows = []
    for line in lines:
        word, css = HELD[line.holds]
        measured = "" if line.measured is None else f"{short(line.measured)} {line.unit}"
        beside = ", ".join(f"{name} {short(value)}" for name, value in line.beside.items())
        rows.append(
            f"<tr><td>{escape(line.name)}<td>{escape(line.target)}<td class=n>{escape(measured)}"
            f"<td class={css}>{word}<td class=n>{line.rounds or ''}<td class=small>{escape(line.why or beside)}"
        )
    head = "<tr><th><th>target<th>measured<th>holds<th>rounds<th>floors and peers of this run"
    return f"<table>{head}{''.join(rows)}</table>"


def _scenario(scenario: ScenarioResult, drawn: list[tuple[str, bytes]]) -> str:
    skipped = "".join(f"<p class=small>left out: {escape(text)}</p>" for text in scenario.skipped)
    error = f"<pre class=no>{escape(scenario.error)}</pre>" if scenario.error else ""
    rows = "".join(map(_figure, scenario.figures))
    head = "<tr><th>figure<th>whose<th>median<th>95 % interval<th>rounds"
    table = f"<details><summary>{len(scenario.figures)} figures</summary><table>{head}{rows}</table></details>"
    title = f"<h2>{escape(scenario.title)}</h2><p class=small>{escape(scenario.name)}, {scenario.seconds:.0f} s</p>"
    profiles = "".join(map(_profile, scenario.profiles))
    tables = "".join(map(_table, scenario.tables))
    return title + skipped + error + _pictures(drawn) + tables + profiles + (table if rows else "")


def _table(found: Table) -> str:
    head = "".join(f"<th>{escape(name)}" for name in ("", *found.columns))
    rows = "".join(
        f"<tr><td>{escape(name)}" + "".join(f"<td class=n>{'' if v is None else short(v)}" for v in values)
        for name, values in found.rows
    )
    return f"<p class=small>{escape(found.title)}</p><table><tr>{head}{rows}</table>"


def _profile(found: Profile) -> str:
    libraries = ", ".join(f"{escape(name)} {share:.1f} %" for name, share in found.libraries.items() if share >= 1.0)
    rows = "".join(
        f"<tr><td class=n>{share:.1f} %<td>{escape(library)}<td>{escape(function)}"
        for share, library, function in found.functions
    )
    return (
        f"<p class=small>where the CPU's samples fell, {escape(found.name)}: {libraries}</p>"
        f"<details><summary>functions</summary><table><tr><th>samples<th>in<th>function{rows}</table></details>"
    )


def _figure(figure: Figure) -> str:
    return (
        f"<tr><td>{escape(figure.name)}<td>{figure.source}<td class=n>{figure.median:.4g} {escape(figure.unit)}"
        f"<td class=n>{figure.low:.4g} to {figure.high:.4g}<td class=n>{len(figure.rounds)}"
    )


def _pictures(drawn: list[tuple[str, bytes]]) -> str:
    return "".join(
        f"<figure><img alt='{escape(caption)}' src='data:image/png;base64,{base64.b64encode(png).decode()}'>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, png in drawn
    )
