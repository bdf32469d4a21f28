"""Which of an asset's compressed forms a browser takes. Source: RFC 9110, 12.5.3."""

import re
from collections.abc import Collection
from typing import Final

SUFFIXES: Final = {"br": ".br", "gzip": ".gz"}
"""The content codings that the build writes, the better one first, and how their files' names end."""

_CODING_FORM: Final = re.compile(
    r"\s*(?P<name>[a-z0-9!#$%&'*+.^_`|~-]+)\s*(?:;\s*q\s*=\s*(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


def choose_encoding(accept_encoding: str, available: Collection[str]) -> str | None:
    """The available coding with the highest weight, the earlier in `SUFFIXES` of equals; None: as it is.

    What a client does not name it does not take, unless `*` does. Nothing at all is answered as it is too, although
    it were refused (`identity;q=0`): an answer that cannot be read is worth no less than none.
    """
    weights: dict[str, float] = {}
    for part in accept_encoding[:1000].lower().split(","):
        match = _CODING_FORM.fullmatch(part)
        if match:
            weights[match["name"].removeprefix("x-")] = float(match["weight"] or 1)
    others = weights.get("*", 0.0)
    offered = [(weights.get(coding, others), coding) for coding in SUFFIXES if coding in available]
    weight, best = max(offered, key=lambda offer: offer[0], default=(0.0, ""))
    is_wanted = weight > 0 and weight >= weights.get("identity", 0.0)
    return best if is_wanted else None
