"""RAP's starts side by side: the paper's, the contrastive one, and one that knows nothing, with RAP's rules untouched."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from app.classifiers.classifier import Classifier
from app.explainers.base import Relevance
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.rap import RAPRules, Start
from app.explainers.trace import Trace
from app.reporting import variants
from app.reporting.cases import Case
from app.reporting.kept import Kept
from app.reporting.variants import Variant

STARTS: tuple[Start, ...] = ("paper", "contrastive", "uniform")
MEASURES = ("pointing", "pointing, smoothed", "between findings", f"randomised {variants.TOP:.0%}", "like uniform")


def compared(
    classifier: Classifier, cases: Sequence[Case], few: int, progress: Callable[[str], None], keep: Path | None = None
) -> Iterator[str]:
    """The table's lines: every start on every case, randomisation on ``few`` of them per source. ``keep``: the folder of what
    was measured before."""
    each = [Variant(start, partial(_walk, start)) for start in STARTS]
    kept = Kept.at(keep, "starts", classifier.card, STARTS)
    values = []
    for index, value in enumerate(variants.pointing(classifier, cases, each, kept)):
        values.append(value)
        if index % 1000 == 999:
            progress(f"{len(values)} figures of RAP's starts")
    some = [case for source in dict.fromkeys(c.source for c in cases) for case in _spread(cases, source, few)]
    values += variants.randomised(classifier, some, each, kept)
    told = [
        variants.Told(one.source, one.variant, one.measure.replace("the last", "uniform"), one.mean)
        for one in variants.summarised(values)
    ]
    yield from variants.lines(told, MEASURES)


def _spread(cases: Sequence[Case], source: str, few: int) -> Sequence[Case]:
    """At most ``few`` cases of a source, evenly out of all of them."""
    own = [case for case in cases if case.source == source]
    return own[:: max(1, len(own) // few)][:few]


def _walk(start: Start, trace: Trace, targets: Sequence[int]) -> Relevance:
    return propagate(trace, RAPRules(start=start), targets)
