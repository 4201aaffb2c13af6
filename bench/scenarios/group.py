"""Tick to order in group mode: the same four agents in one process, beside the same chain of four processes in C."""

from bench.desk import has_groups
from bench.launch import c_chain
from bench.scenario import Bench
from bench.scenarios.tick_to_order import drive, make_plan, ours, tell

NAME = "group"
TITLE = "Tick to order, one process"
WEIGHT = 2.0


def run(bench: Bench) -> None:
    """Measure."""
    made = bench.programs()
    if not has_groups():
        bench.skip("group mode: this version has no `group` in agent tables")
    elif made:
        chains = {"group": ours(bench, grouped=True), "c_ipc": c_chain(made["chain"], cpu=bench.settings.cpu)}
        tell(bench, drive(bench, chains, make_plan(bench), made["feed"]))
