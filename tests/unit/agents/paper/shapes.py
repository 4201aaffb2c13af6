"""Whether what the paper venue sends has the shape of what was recorded: the same keys in the same order, the same types.

Because one hand writes the venue and the adapters that talk to it, agreement between them proves nothing; a recorded sample
does.
"""

import re
from typing import Any

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def differences(sample: Any, sent: Any, where: str = "", optional: frozenset[str] = frozenset()) -> list[str]:
    """Return how `sent` differs in shape from `sample`; keys of `optional` may be missing in either."""
    if kind(sample) != kind(sent):
        return [f"{where}: {kind(sent)} {sent!r} where {kind(sample)} {sample!r} was recorded"]
    if isinstance(sample, dict):
        keys, found = ([key for key in each if key not in optional] for each in (sample, sent))
        if keys != found:
            return [f"{where}: keys {found} where {keys} were recorded"]
        return [line for key in keys for line in differences(sample[key], sent[key], f"{where}.{key}", optional)]
    if isinstance(sample, list) and sample and sent:
        if len({kind(each) for each in sample}) > 1:
            return [
                line
                for number, (old, new) in enumerate(zip(sample, sent, strict=False))
                for line in differences(old, new, f"{where}[{number}]", optional)
            ]
        return [line for each in sent for line in differences(sample[0], each, f"{where}[]", optional)]
    return []


def kind(value: Any) -> str:
    """Return what a value is: texts that are numbers are numbers in quotes."""
    if isinstance(value, str):
        return "number in quotes" if _DECIMAL.fullmatch(value) else "text"
    return type(value).__name__
