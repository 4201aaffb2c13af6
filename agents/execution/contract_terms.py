"""Margin mode and leverage of each contract as the venue has them set, against what the configuration declares.

Nothing here changes them: people set them at the venue, and say in the configuration what they have set. A contract with
more leverage than `leverage_max`, with another margin mode than declared, or that cannot be traded as the account is set,
is kept to what reduces (INSTRUMENT_NOT_USABLE), until the venue says otherwise.
"""

from agents.instruments import InstrumentInfo
from agents.venues.base import parse_e8
from agents.venues.reports import ContractTerms
from schemas.messages import E8


def fault_of(info: InstrumentInfo, terms: ContractTerms | None) -> str:
    """Return why a contract is not to be traded on these terms, empty if it may be."""
    leverage_max_e8 = parse_e8(info.config.leverage_max)
    if terms is None or (leverage_max_e8 and not terms.leverage_e8):
        return f"{info.name}: the venue has not told its leverage" if leverage_max_e8 else ""
    if terms.refusal:
        return f"{info.name}: {terms.refusal}"
    if leverage_max_e8 and terms.leverage_e8 > leverage_max_e8:
        found, allowed = leverage_text(terms.leverage_e8), leverage_text(leverage_max_e8)
        return f"{info.name}: leverage {found} at the venue (leverage_max: {allowed})"
    if terms.isolated is not None and terms.isolated != (info.config.margin_mode == "isolated"):
        return f"{info.name}: margin mode {mode_of(terms)} at the venue (margin_mode: {info.config.margin_mode})"
    return ""


def terms_text(terms: ContractTerms) -> str:
    """Return terms for people: `cross 10x`."""
    return f"{mode_of(terms)} {leverage_text(terms.leverage_e8)}".strip()


def mode_of(terms: ContractTerms) -> str:
    """Return the margin mode, empty if it was not told."""
    return "" if terms.isolated is None else "isolated" if terms.isolated else "cross"


def leverage_text(leverage_e8: int) -> str:
    """Return a leverage for people: `10x`, `2.5x`; `leverage not told` if it was not."""
    return f"{leverage_e8 / E8:g}x" if leverage_e8 else "leverage not told"
