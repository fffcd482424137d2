"""What of a cohort's table is what, and which networks are measured: as a form says, as it was said before, or by names.

One form says both. What it shows is of the networks that were taken; of others that are chosen in it, findings it did not show
are as they were, or by the names of the columns.
"""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import Request
from pydantic import BaseModel
from starlette.datastructures import ImmutableMultiDict

from app.classifiers.card import Card
from app.cohorts.columns import Columns, guess
from app.desk import cohorts
from app.stacks import STACKED
from app.store import CohortRow, Transaction
from app.web import pages
from app.web.cohorts import view

Form = ImmutableMultiDict[str, object]
LABEL = "label:"


class Asked(BaseModel):
    """What a cohort's address may say: networks to choose columns for, that the table is to be explained anew, the upload; and
    all that the form has, in its own words."""

    model: str = ""
    second: str = ""
    columns: str = ""
    upload: str = ""


def choice(request: Request, row: CohortRow, asked: Asked, form: Form) -> view.Choice:
    """What can be chosen: the networks of the kind that the images are of, and columns for what they answer for."""
    web = pages.of(request)
    cards, own = cards_for(request, row)
    names = [card.name for card in cards]
    first = asked.model if asked.model in names else row.models[0] if row.models and row.models[0] in names else own
    second = asked.second if asked.model else row.models[1] if len(row.models) > 1 else ""
    second = second if second in names and second != first else ""
    chosen = [web.registry.card(name) for name in (first, second) if name]
    with web.store.view() as tx:
        moved = moved_points(request, tx, chosen)
    return view.Choice(
        cards,
        first,
        second,
        row.header,
        cohorts.findings(chosen),
        columns_of(row, chosen, form),
        moved={name: tuple(points) for name, points in moved.items()},
        use_moved=bool(form.get("moved")) or bool((row.columns or {}).get("points")),
    )


def columns_of(row: CohortRow, cards: list[Card], form: Form) -> Columns:
    """The columns for some networks: what the form says, else what was said before, else what their names tell. A column that
    the table does not have (any more) is none."""
    findings = cohorts.findings(cards)
    known = guess(row.header, findings)
    if row.columns is not None:
        known = _fitting(cohorts.columns_of(row.columns), known, row.header, findings)
    if "image" not in form:
        return known
    said = {name.removeprefix(LABEL): str(value) for name, value in form.items() if name.startswith(LABEL)}
    shown = str(form.get("of", ""))
    if shown and shown.split() != [card.name for card in cards]:  # other networks were chosen than the form shows findings of
        said = {finding: said.get(finding, known.labels.get(finding, "")) for finding in findings}
    labels = {finding: column for finding, column in said.items() if column}
    return cohorts.columns_of(
        {
            "image": form.get("image", ""),
            "patient": form.get("patient", ""),
            "groups": [value for value in form.getlist("groups") if value],
            "labels": labels,
            "listed": "" if labels else form.get("listed", ""),
            "uncertain": form.get("uncertain", "unknown"),
            "boxes": form.get("boxes", ""),
        }
    )


def _fitting(kept: Columns, known: Columns, header: tuple[str, ...], findings: tuple[str, ...]) -> Columns:
    """What was said before, as far as the table has it and the networks know it; of the rest what names tell."""
    labels = {finding: column for finding, column in kept.labels.items() if finding in findings and column in header}
    new = {finding: column for finding, column in known.labels.items() if finding not in kept.labels}
    return replace(
        kept,
        image=kept.image if kept.image in header else known.image,
        patient=kept.patient if kept.patient in header or not kept.patient else known.patient,
        groups=tuple(group for group in kept.groups if group in header),
        labels={} if kept.listed in header and kept.listed else labels | new,
        listed=kept.listed if kept.listed in header else "",
        boxes=kept.boxes if kept.boxes in header else known.boxes,
    )


def moved_points(request: Request, tx: Transaction, cards: list[Card]) -> dict[str, dict[str, float]]:
    """The points that the reader moved of these networks' versions, by network and finding."""
    found: dict[str, dict[str, float]] = {}
    mine: Mapping[tuple[str, str, str], float] = tx.points.moved(pages.reader(request))
    for (model, sha256, finding), probability in mine.items():
        if any((card.name, card.sha256) == (model, sha256) for card in cards):
            found.setdefault(model, {})[finding] = probability
    return found


def cards_for(request: Request, row: CohortRow) -> tuple[tuple[Card, ...], str]:
    """The networks that may be measured on what is in a cohort, and the one that would read it by itself."""
    web = pages.of(request)
    with web.store.view() as tx:
        ids = tx.cohorts.study_ids([uid for _, uid in row.files[:1]])
        study = tx.studies.get(ids[0]) if ids else None
    series = study.series[0] if study else None
    kind = "exam" if series is not None and series.modality in STACKED else "network"
    cards = tuple(card for card in web.registry.cards() if card.kind == kind)
    if study is None or series is None:
        return cards, cards[0].name if cards else ""
    by_itself = web.registry.choose(study.outline(), series.outline())
    return cards, by_itself.name if by_itself else cards[0].name if cards else ""
