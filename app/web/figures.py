"""How numbers are written for reading: a pane, the report and the lists say one figure in one way.

The browser writes by the same rules (static/js/viewport/map.js and figures.js). Knows numbers, and the words "hit" and "miss".
"""

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from app.domain import Localisation

NONE = "–"
RAISED = dict(zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))


def fixed(value: float, digits: int) -> str:
    """So many digits behind the point, halves away from zero, as JavaScript's toFixed; the minus is a minus sign."""
    size = Decimal(abs(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return ("−" if value < 0 else "") + str(size)


def plain(value: float, size: float | None = None) -> str:
    """Plain digits, as many as matter beside values of about this size: three of its own, at most six behind the point."""
    size = abs(value) if size is None else size
    return fixed(value, min(6, max(0, 2 - math.floor(math.log10(size)))) if size > 0 else 0)


def together(values: Sequence[float]) -> tuple[str, ...]:
    """Several values of one map, with a common power of ten where plain digits will not do."""
    size = max(map(abs, values))
    exponent = math.floor(math.log10(size)) if size > 0 else 0
    if -1 <= exponent < 4:
        return tuple(plain(value, size) for value in values)
    unit = 10.0**exponent
    power = " ×10" + "".join(RAISED[letter] for letter in str(exponent))
    return tuple(plain(value / unit, size / unit) + (power if value else "") for value in values)


def against(found: Localisation | None, _: Callable[..., str]) -> tuple[str, str, str, str]:
    """How a map lies to the true region: pointing hit or miss, IoU, outside–inside ratio, share of the relevance inside."""
    if found is None:
        return (NONE, NONE, NONE, NONE)
    peak = NONE if found.pointing is None else _("hit") if found.pointing else _("miss")
    inside = NONE if found.mass is None else f"{math.floor(found.mass * 100 + 0.5)} %"
    return (peak, _ratio(found.iou), _ratio(found.outside_inside), inside)


def _ratio(value: float | None) -> str:
    if value is None:
        return NONE
    if math.isinf(value):
        return "∞"
    return fixed(value, 2 if value < 10 else 1 if value < 100 else 0)
