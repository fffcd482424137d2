"""Figures in words, alike on pages, on paper and in the PDF: with a minus sign, and none before a zero."""

from app.cohorts.report import Estimate

NOTHING = "–"
MOST = 9
"""Digits at most."""


def figure(value: float | None, digits: int = 3) -> str:
    """A figure; a dash where it is not defined."""
    return NOTHING if value is None else f"{value:z.{digits}f}".replace("-", "−")


def beside(value: float, point: float, digits: int = 3) -> str:
    """A figure beside the point that it is held against, with as many digits as it takes to stand on the side of it where it
    is: 0.1657 beside 0.1658, not 0.166."""
    for more in range(digits, MOST):
        if (round(value, more) >= point) == (value >= point):
            return figure(value, more)
    return figure(value, MOST)


def per_cent(probability: float) -> str:
    """The point from which a finding is called, in per cent: three digits, since rare findings are called from small
    probabilities on, and two behind the point, so that what a reader types stays so; four where three would say 100."""
    told = f"{100 * probability:.3g}"
    return f"{100 * probability:.4g}" if told == "100" or 100 * probability >= 10 else told


def point(value: float | None) -> str:
    """The same with its sign."""
    return NOTHING if value is None else f"{per_cent(value)} %"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference, with its sign."""
    return NOTHING if value is None else f"{value:+z.{digits}f}".replace("-", "−")


def interval(of: Estimate, digits: int = 3, *, sign: bool = False) -> str:
    """The 95% interval of a figure, "" where it has none."""
    if of.low is None or of.high is None:
        return ""
    say = signed if sign else figure
    between = " … " if sign else "–"
    return f"{say(of.low, digits)}{between}{say(of.high, digits)}"


def probable(p: float | None) -> str:
    """How probable so large a difference is by chance."""
    return NOTHING if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
