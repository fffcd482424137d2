"""What a report says of a case, in the reader's language: one frozen dataclass that the page and the PDF are both made from.

One report for films and exams. Knows the case page's rows and words, the store; no template and no PDF.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import quote, urlencode

from app import render
from app.desk import verdicts
from app.store import Transaction
from app.web import figures as written
from app.web import pages, wording
from app.web.addresses import served
from app.web.case import wording as words
from app.web.case import wording_judging as judging
from app.web.case.page import CasePage
from app.web.case.payload import address
from app.web.case.payload_results import MethodData, PredictionData, ReviewData
from app.web.printing import facts, plates
from app.web.printing.facts import Line
from app.web.printing.panes import FILM, Material, Pane, judged, material, measures, panes, regions, told
from app.web.printing.view import View
from app.web.wording import Translate


@dataclass(frozen=True, slots=True)
class Plate:
    """One pane of the report. ``name`` is the pane's, ``layer`` "film" or a method; ``words`` stands in for a layer that has no
    picture. ``low`` and ``high`` are the ends of the colours, "" where there are none, ``least`` and ``most`` the raw range,
    ``classes`` what numbers stand for, ``told`` how the layer is drawn, ``notes`` what else to know. ``verdict`` is the one in
    force on the layer."""

    name: str
    layer: str
    title: str
    url: str
    words: str
    low: str = ""
    high: str = ""
    least: str = ""
    most: str = ""
    classes: str = ""
    told: str = ""
    notes: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict in force: on which method (and plane), with its reason and comment, and whether a region goes with it."""

    title: str
    verdict: str
    reason: str
    comment: str
    region: bool


@dataclass(frozen=True, slots=True)
class Against:
    """A method's layer against the true region: pointing, IoU, outside–inside ratio, mass; as the case page writes them."""

    title: str
    figures: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Share:
    """A plane's part in the answer to the shown finding: by itself, per cent, and what it adds to the exam's logit; ``words``
    in place of both for a plane that the exam does not have."""

    plane: str
    alone: str = ""
    adds: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Chance:
    """One finding: its name, its probability in per cent, whether it is the shown one, whether it is called."""

    name: str
    percent: str
    shown: bool
    called: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """templates/report.html and the PDF.

    ``said`` are sentences about the image (what a guard says) and the view (a network that changed, a link that could not be
    read in full), ``seen`` how the panes are shown, ``subject`` stands over them, ``probabilities`` of every finding,
    ``anatomy`` what was measured of the film's, ``points`` from where on the shown one and those are called whose points were
    moved, ``shares`` each plane's part of an exam's, ``verdicts`` all that the reader said of the shown finding, ``against``
    every method's layer against the true region, ``evidence`` where each map's lies, ``link`` the address that
    restores the view. ``figure_url`` is where a pane is a figure for a paper, with ``view`` as it stands in the address.
    """

    template: ClassVar[str] = "report.html"

    case: CasePage
    said: tuple[str, ...]
    subject: str
    plates: tuple[Plate, ...]
    seen: tuple[Line, ...]
    finding: str
    probabilities: tuple[Chance, ...]
    points: tuple[Line, ...]
    shares: tuple[Share, ...]
    verdicts: tuple[Judged, ...]
    against: tuple[Against, ...]
    evidence: tuple[Line, ...]
    measures: tuple[Line, ...]
    anatomy: tuple[Line, ...]
    network: tuple[Line, ...]
    versions: tuple[Line, ...]
    printed_at: datetime
    pdf_url: str
    link: str
    use: str
    figure_url: str
    view: str


def sheet(tx: Transaction, page: CasePage, view: View, text: str, said: str, _: Translate) -> Sheet:
    """The report of a case for a view; ``text`` is the view as in the address, ``said`` what `view.read` said of it."""
    data = page.data
    shown = panes(page, view)
    found = material(tx, page, view, shown)
    here = address(page.study.id, image=data.image, model=data.model, finding=data.finding)
    query = urlencode({"image": data.image, "model": data.model, "finding": data.finding, "view": text})
    finding = wording.label(data.finding, _) if data.finding else ""
    return Sheet(
        case=page,
        said=tuple(sentences(page, view, said, _)),
        subject=finding or (_("Slices") if data.planes else _("Film")),
        plates=tuple(plate(page, pane, found, view, query, _) for pane in shown),
        seen=facts.seen(view, page, shown, _),
        finding=finding,
        probabilities=tuple(
            Chance(
                score.label,
                pages.percent(score.probability, score.point),
                score.finding == data.finding,
                score.called,
            )
            for score in (data.prediction.scores if data.prediction else ())
        ),
        points=points(page),
        shares=shares(data.prediction, data.finding, _) if data.prediction and data.planes else (),
        verdicts=tuple(told_of(page, review, _) for review in judged(page)),
        against=against(tx, page, _),
        evidence=facts.evidence(page, _),
        measures=rulers(tx, page, shown, found, _),
        anatomy=facts.anatomy(page, _),
        network=facts.network(page.card, page, _) if page.card else (),
        versions=facts.versions(page, shown, _),
        printed_at=datetime.now(UTC),
        pdf_url=served(f"/studies/{page.study.id}/report.pdf?{query}"),
        link=served(f"/studies/{page.study.id}#view={text}") if text else here,
        use=_("Research use only — not for clinical use"),
        figure_url=served(f"/studies/{page.study.id}/figure"),
        view=text,
    )


def points(page: CasePage) -> tuple[Line, ...]:
    """From where on the shown finding is called and what that does, and every other whose point the reader moved."""
    out = []
    for score in page.data.prediction.scores if page.data.prediction else ():
        point = page.points[score.finding]
        if score.finding == page.data.finding or score.moved:
            out.append(Line(score.label, " ".join((point.sentence, *point.worth))))
    return tuple(out)


def sentences(page: CasePage, view: View, said: str, _: Translate) -> list[str]:
    """What is to be said before everything else."""
    banner = [page.data.banner] if page.data.banner else []
    out = [*facts.guarded(page, _), *banner, *([_(said)] if said else [])]
    prediction = page.data.prediction
    if view.version and prediction and view.version != prediction.model_sha256:
        changed = words.links(_)["link.version"]
        out.append(changed.replace("{0}", view.version[:8]).replace("{1}", prediction.model_sha256[:8]))
    return out


def plate(page: CasePage, pane: Pane, found: Material, view: View, query: str, _: Translate) -> Plate:
    """One pane's words; its picture is at its address."""
    url = served(f"/studies/{page.study.id}/report/{quote(pane.name, safe='')}.png?{query}")
    title = titled(page, pane, _)
    if pane.layer == FILM:
        return Plate(pane.name, pane.layer, title, url, "")
    layer = told(page, pane)
    if layer is None or layer.state != "ok":
        return Plate(pane.name, pane.layer, title, url, layer.state_text if layer else _("not computed"))
    low, high, least, most = written.together([*found.scales[pane.key], layer.min, layer.max])
    known = found.known[pane.key]
    above, below = known.words
    plain = layer.scale in {"classes", "grey"}
    review = page.data.review(pane.layer, pane.image.stack)
    return Plate(
        pane.name,
        pane.layer,
        title,
        url,
        "",
        low="" if plain else ended(low, below),
        high="" if plain else ended(high, above),
        least="" if layer.scale == "classes" else least,
        most="" if layer.scale == "classes" else most,
        classes=" · ".join(f"{number} {name}" for number, name in sorted(layer.names.items(), key=lambda one: int(one[0]))),
        told=" · ".join(render.told(found.layers[pane.key], known, plates.look(view), _, shared=view.shared)),
        notes=" · ".join(layer.notes),
        verdict=judging.verdicts(_)[f"verdict.{review.verdict}"] if review else "",
    )


def ended(value: str, meaning: str) -> str:
    """An end of the colours, and what it means where that has a word: "−27.9 (against)"."""
    return f"{value} ({meaning})" if meaning else value


def titled(page: CasePage, pane: Pane, _: Translate) -> str:
    """What stands over a pane: of a film the layer, of a stack its plane, the slice and the layer."""
    layer = next((method.title for method in (*page.data.methods, *page.data.more) if method.name == pane.layer), "")
    if pane.run.kind == "film":
        return pane.run.title if pane.name.startswith("@") else layer or _("Film")
    return " · ".join(filter(None, (where(pane, _), layer)))


def where(pane: Pane, _: Translate) -> str:
    """The slice that a pane shows."""
    number = _("slice %(n)s of %(of)s", n=pane.place + 1, of=len(pane.run.images))
    return f"{pane.run.title} · {number}"


def told_of(page: CasePage, review: ReviewData, _: Translate) -> Judged:
    """One verdict in words."""
    return Judged(
        title=named(page, review.stack, review.method),
        verdict=judging.verdicts(_)[f"verdict.{review.verdict}"],
        reason=judging.reasons(_)[f"reason.{review.reason}"] if review.reason else "",
        comment=review.comment,
        region=bool(review.regions),
    )


def named(page: CasePage, stack: str, method: str) -> str:
    """A method's title, with the plane's in front where there are several."""
    title = next((one.title for one in (*page.data.methods, *page.data.more) if one.name == method), method)
    run = page.data.run(stack)
    return f"{run.title} · {title}" if run else title


def shares(prediction: PredictionData, finding: str, _: Translate) -> tuple[Share, ...]:
    """What each plane has in the exam's answer to a finding."""
    out = []
    for part in prediction.parts:
        own = part.score(finding)
        adds = written.fixed(part.contributions.get(finding, 0.0), 2)
        out.append(Share(part.name, pages.percent(own.probability) if own else "–", adds if adds[0] == "−" else f"+{adds}"))
    return (*out, *(Share(name, words=_("missing: the others alone decide")) for name in prediction.missing))


def against(tx: Transaction, page: CasePage, _: Translate) -> tuple[Against, ...]:
    """Every method's layer against the region that was drawn, shown or not; nothing without a region."""
    data = page.data
    measured = [method for method in data.methods if method.kind in verdicts.MEASURED]
    out: list[Against] = []
    for stack_id, drawn in regions(tx, page).items():
        beside = next((one for one in data.explanations if one.stack == stack_id and _ours(data.methods, one.method)), None)
        if beside is None:
            continue
        found = verdicts.localised(tx, tx.stacks.get(stack_id), tx.layers.get(beside.id), drawn)
        out += (Against(named(page, stack_id, one.name), written.against(found.get(one.name), _)) for one in measured)
    return tuple(out)


def _ours(methods: Sequence[MethodData], name: str) -> bool:
    return any(method.name == name and not method.imported for method in methods)


def rulers(tx: Transaction, page: CasePage, shown: tuple[Pane, ...], found: Material, _: Translate) -> tuple[Line, ...]:
    """The measures on the images that are shown, numbered as on the pictures."""
    places = {pane.image.id: where(pane, _) if pane.run.kind == "slices" else "" for pane in shown}
    rows = measures(tx, page, shown)
    return tuple(
        facts.measure(number, row.annotation, found.images[row.image_id], places[row.image_id], _)
        for number, row in enumerate(rows, start=1)
    )
