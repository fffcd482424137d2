"""What else there is: every series and film of a study with a picture, and the patient's other studies.

Knows the store's rows and the words; no route, no network.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from app.store import WorklistRow
from app.web import pages
from app.web.addresses import served
from app.web.case.payload import CaseData, VisitData
from app.web.case.payload_stacks import StackData
from app.web.case.stacks import Shown
from app.web.wording import Translate

MOST = 120
"""Films that are shown one by one; of a series with more, the first stands for all."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A series, a film of one or a stack: the image that stands for it, what it is, whether it is what the case shows, and
    whether a pane of this page can show it ``beside``."""

    image: str
    title: str
    about: str
    shown: bool
    beside: bool = True


@dataclass(frozen=True, slots=True)
class Visit:
    """Another study of the same patient, and whether it is ``before`` this one or after, "" where a date is missing;
    ``apart``: how far in words."""

    study: WorklistRow
    when: Literal["before", "after", ""]
    apart: str


def pictures(data: CaseData, seen: Shown, _: Translate) -> tuple[Picture, ...]:
    """Every series and film of a study that can be looked at, in the order of its runs; what is shown elsewhere than in these
    comes last."""
    found: list[Picture] = []
    for run in data.stacks:
        found += _films(run, data, _) if run.kind == "film" else [_stack(run, data, _)]
    for series in seen.others:
        title = " ".join(filter(None, (series.modality, series.description))) or _("Series")
        found.append(
            Picture(
                series.images[len(series.images) // 2].id, title, _counted(len(series.images), _), shown=False, beside=False
            )
        )
    return tuple(found)


def _films(run: StackData, data: CaseData, _: Translate) -> list[Picture]:
    count = len(run.images)
    if count > MOST:
        shown = any(image.id == data.image for image in run.images)
        return [Picture(run.images[0].id, run.title, _counted(count, _), shown)]

    return [
        Picture(
            image.id,
            run.title,
            _("%(n)s of %(of)s", n=number, of=count) if count > 1 else "",
            image.id == data.image,
        )
        for number, image in enumerate(run.images, start=1)
    ]


def _stack(run: StackData, data: CaseData, _: Translate) -> Picture:
    about = " · ".join(filter(None, (run.description, _counted(len(run.images), _))))
    return Picture(data.opening(run).id, run.title, about, run.id in data.planes.values())


def _counted(count: int, _: Translate) -> str:
    return _("%(n)s image", n=count) if count == 1 else _("%(n)s images", n=count)


def visits(day: str, rows: tuple[WorklistRow, ...], _: Translate) -> tuple[Visit, ...]:
    """The other studies of the patient of a study of the ``day``, each with how far it is away; the newest first."""
    return tuple(_visit(day, row, _) for row in rows)


def _visit(day: str, row: WorklistRow, _: Translate) -> Visit:
    mine, theirs = _date(day), _date(row.date)
    if mine is None or theirs is None:
        return Visit(row, "", "")
    days = abs((mine - theirs).days)
    when: Literal["before", "after", ""] = "before" if theirs < mine else "after" if theirs > mine else ""
    return Visit(row, when, _apart(days, when, _))


def visit_data(visits: tuple[Visit, ...], name: str, _: Translate) -> tuple[VisitData, ...]:
    """The same for panes that show them. That one is of another ``name`` under the same ID is said, and no name."""
    return tuple(
        VisitData(
            study=one.study.id,
            earlier=one.when == "before",
            data=served(f"/studies/{one.study.id}/case.json"),
            title=_titled(one, name, _),
        )
        for one in visits
    )


def _titled(visit: Visit, name: str, _: Translate) -> str:
    kinds = {"before": _("Prior"), "after": _("Later study"), "": _("Other study")}
    dated = pages.day(visit.study.date) if visit.study.date else _("undated")
    other = "" if visit.study.patient.name == name else _("another name")
    return " · ".join(filter(None, (f"{kinds[visit.when]} {dated}", visit.apart, other)))


def _apart(days: int, when: str, _: Translate) -> str:
    if not days:
        return _("the same day")
    if days < 90:
        return _("%(n)s days before", n=days) if when == "before" else _("%(n)s days after", n=days)
    if days < 730:
        months = round(days / 30.4)
        return _("%(n)s months before", n=months) if when == "before" else _("%(n)s months after", n=months)
    years = f"{days / 365.25:.1f}"
    return _("%(n)s years before", n=years) if when == "before" else _("%(n)s years after", n=years)


def _date(text: str) -> date | None:
    """A date as the store keeps it, 2026-01-31; None for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
