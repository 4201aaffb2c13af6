"""The keys of venue accounts: whose each is, what it may do, and how the account trades contracts, as its venue tells.

A venue that an agent of this configuration plays is not asked.
"""

from collections.abc import Callable

from mesh.doctor.findings import Finding, Status
from mesh.roles import role_module
from schemas.config import Config, ExecutionConfig, PaperConfig
from schemas.figures import KeyLook

WANTED = "a key of the account named, that trades and does not withdraw"
CONTRACTS_WANTED = "margin mode and leverage as they are declared, one-way positions"
SET_THERE = "set the contracts at the venue as they are declared (leverage_max, margin_mode), or declare others"
Look = Callable[[str, Config], KeyLook]


def key_findings(config: Config, look: Look | None = None) -> list[Finding]:
    """Return a finding for each execution agent whose venue is real; `look` asks the venue."""
    paper = {table.venue for table in config.agents.values() if isinstance(table, PaperConfig)}
    ask: Look = look or role_module("execution").look_at_key
    found = []
    for name, table in config.agents.items():
        if isinstance(table, ExecutionConfig) and table.venue not in paper:
            account = next((venue.account for venue in config.venues if venue.name == table.venue), "")
            seen = ask(name, config)
            found.append(_judged(f"key of {table.venue}", account, seen))
            if seen.terms or seen.faults:
                found.append(_contracts(f"contracts of {table.venue}", seen))
    return found


def _contracts(check: str, seen: KeyLook) -> Finding:
    text = "; ".join(text for text in (seen.mode, *(f"{name} {each}" for name, each in seen.terms.items())) if text)
    if seen.faults:
        return Finding(check, Status.FAIL, text, "; ".join(seen.faults), SET_THERE)
    return Finding(check, Status.OK, text, CONTRACTS_WANTED)


def _judged(check: str, wanted: str, seen: KeyLook) -> Finding:
    if seen.trouble:
        return Finding(check, Status.UNKNOWN, seen.trouble, WANTED)
    facts = [f"account {seen.account}"]
    facts += [] if seen.trades is None else ["trades" if seen.trades else "does not trade"]
    facts += [] if seen.withdraws is None else ["may withdraw" if seen.withdraws else "may not withdraw"]
    text = ", ".join(facts)
    if wanted and seen.account != wanted:
        return Finding(check, Status.FAIL, text, WANTED, f"account = '{wanted}' is configured: put in its key")
    if seen.trades is False:
        return Finding(check, Status.FAIL, text, WANTED, "give the key the right to trade at the venue")
    if seen.withdraws:
        return Finding(check, Status.WARN, text, WANTED, "take the right to withdraw from the key at the venue")
    return Finding(check, Status.OK, text, WANTED)
