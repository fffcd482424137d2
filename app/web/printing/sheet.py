"""What a report says of a case, in the reader's language: one frozen dataclass that the page and the PDF are both made from.

Knows the case page's rows and words, the card, the store; no template and no PDF.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Literal
from urllib.parse import urlencode

from app import __version__
from app.classifiers.card import Card
from app.desk import verdicts
from app.domain import Annotation, Image, Layer, Region
from app.evaluation.annotations import Measured, measured
from app.store import AnnotationRow, ReviewRow, Transaction
from app.web import figures as written
from app.web import pages, wording
from app.web.case import CasePage
from app.web.figures import plain
from app.web.printing import plates
from app.web.printing.view import View

FILM = "film"
Translate = wording.Translate


@dataclass(frozen=True, slots=True)
class Plate:
    """One pane of the report. ``layer`` is "film" or a method; ``words`` stands in for a map that has no picture. ``low`` and
    ``high`` are the ends of the colours, ``least`` and ``most`` the raw range. ``verdict`` with its reason and comment is the
    one in force."""

    layer: str
    title: str
    url: str
    words: str
    low: str = ""
    high: str = ""
    least: str = ""
    most: str = ""
    verdict: str = ""
    reason: str = ""
    comment: str = ""
    region: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A name and what is said of it."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Against:
    """A method's map against the true region: pointing, IoU, outside–inside ratio, mass; as the case page writes them."""

    title: str
    figures: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What pictures are made of: the film, the shown maps by method, their ends, and what lies over them."""

    image: Image
    maps: dict[str, Layer]
    scales: dict[str, plates.Ends]
    marks: plates.Marks


@dataclass(frozen=True, slots=True)
class Sheet:
    """templates/report.html and the PDF.

    ``said`` are sentences about the image (what a guard says) and the view (a network that changed, a link that could not be
    read in full), ``seen`` how the panes are shown, ``probabilities`` per finding its name, the figure, per cent, and whether
    it is the shown one, ``against`` every method's map against the true region, ``link`` the address that restores the view.
    """

    template: ClassVar[str] = "report.html"

    case: CasePage
    said: tuple[str, ...]
    plates: tuple[Plate, ...]
    seen: tuple[Line, ...]
    finding: str
    probabilities: tuple[tuple[str, str, str, bool], ...]
    against: tuple[Against, ...]
    measures: tuple[Line, ...]
    network: tuple[Line, ...]
    versions: tuple[Line, ...]
    printed_at: datetime
    pdf_url: str
    link: str
    use: str


def layers(page: CasePage, view: View) -> tuple[str, ...]:
    """The panes in their order: as the reader laid them, else the film and every method; of an enlarged one that one alone."""
    known = (FILM, *(method.name for method in page.data.methods)) if page.grid else (FILM,)
    if view.large in known:
        return (view.large,)
    return tuple(name for name in view.layers if name in known) or known


def material(tx: Transaction, page: CasePage, view: View) -> Material:
    """The arrays of a case. Shared scales run over every map of the finding, shown or not, as on the page."""
    maps = {found.method: tx.layers.load(found.id) for found in page.data.explanations if found.state == "ok"}
    rows = tx.reviews.of_study(page.study.id)
    regions = [row.review.regions[0] for row in about(rows, page) if 0 in row.review.regions]
    return Material(
        image=tx.studies.load_image(page.image.id),
        maps=maps,
        scales=plates.scales(maps, view),
        marks=plates.Marks(regions[-1] if regions else None, tuple(row.annotation for row in mine(tx, page))),
    )


def about(rows: Sequence[ReviewRow], page: CasePage) -> list[ReviewRow]:
    """The verdicts on the shown finding of the shown image, by the shown version of the network."""
    sha256 = page.data.prediction.model_sha256 if page.data.prediction else ""
    wanted = (page.image.id, page.data.finding, sha256)
    return [row for row in rows if (row.image_id, row.finding, row.model_sha256) == wanted]


def mine(tx: Transaction, page: CasePage) -> list[AnnotationRow]:
    """The rulers on the shown image, numbered as on the page."""
    return [row for row in tx.annotations.of_study(page.study.id) if row.image_id == page.image.id]


def sheet(tx: Transaction, page: CasePage, view: View, text: str, said: str, _: Translate) -> Sheet:
    """The report of a case for a view; ``text`` is the view as in the address, ``said`` what `view.read` said of it."""
    found = material(tx, page, view)
    judged = {row.method: row for row in about(tx.reviews.of_study(page.study.id), page)}
    query = urlencode({"image": page.image.id, "model": page.data.model, "finding": page.data.finding, "view": text})
    prediction = page.data.prediction
    sentences = [*guarded(page, _), *([_(said)] if said else [])]
    if view.version and prediction and view.version != prediction.model_sha256:
        changed = wording.links(_)["link.version"]
        sentences.append(changed.replace("{0}", view.version[:8]).replace("{1}", prediction.model_sha256[:8]))
    return Sheet(
        case=page,
        said=tuple(sentences),
        plates=tuple(plate(page, layer, found, judged.get(layer), query, _) for layer in layers(page, view)),
        seen=seen(view, page, _),
        finding=wording.label(page.data.finding, _) if page.data.finding else "",
        probabilities=tuple(
            (score.label, f"{score.probability:.3f}", pages.percent(score.probability), score.finding == page.data.finding)
            for score in (prediction.scores if prediction else ())
        ),
        against=against(tx, page, found.marks.region, _),
        measures=tuple(measure(number, one, found.image, _) for number, one in enumerate(found.marks.annotations, 1)),
        network=network(page.card, page, _) if page.card else (),
        versions=versions(page, _),
        printed_at=datetime.now(UTC),
        pdf_url=f"/studies/{page.study.id}/report.pdf?{query}",
        link=f"/studies/{page.study.id}#view={text}" if text else f"/studies/{page.study.id}?{query.removesuffix('&view=')}",
        use=_("Research use only — not for clinical use"),
    )


def guarded(page: CasePage, _: Translate) -> list[str]:
    """What the guard has against the image: as loud on paper as on the screen."""
    found = page.data.inspection
    if found is None or found.verdict == "ok":
        return []
    reasons = " ".join(found.reasons)
    if found.stopped:
        return [_("The guard refused this image, and no network read it: %(reasons)s", reasons=reasons)]
    if found.insisted:
        return [
            _("The guard refused this image; the network read it all the same, and its numbers mean nothing: %(reasons)s",
              reasons=reasons)
        ]  # fmt: skip
    return [_("The guard warns of this image: %(reasons)s", reasons=reasons)]


def plate(page: CasePage, layer: str, found: Material, verdict: ReviewRow | None, query: str, _: Translate) -> Plate:
    """One pane's words; its picture is at its address."""
    url = f"/studies/{page.study.id}/report/{layer}.png?{query}"
    if layer == FILM:
        return Plate(layer, _("Film"), url, "")
    method = next(method for method in page.data.methods if method.name == layer)
    told = page.data.explanation(layer)
    words = "" if told and told.state == "ok" else told.state_text if told else _("not computed")
    review = verdict.review if verdict else None
    ends = found.scales.get(layer)
    low, high, least, most = written.together([*ends, told.min, told.max]) if told and ends else ("",) * 4
    return Plate(
        layer,
        method.title,
        url,
        words,
        low=low,
        high=high,
        least=least,
        most=most,
        verdict=wording.verdicts(_)[f"verdict.{review.verdict}"] if review else "",
        reason=wording.reasons(_)[f"reason.{review.reason}"] if review and review.reason else "",
        comment=review.comment if review else "",
        region=bool(review and review.regions),
    )


def against(tx: Transaction, page: CasePage, region: Region | None, _: Translate) -> tuple[Against, ...]:
    """Every method's map against the region that the pictures show, shown or not; nothing without a region."""
    if region is None:
        return ()
    shown = next((page.data.explanation(method.name) for method in page.data.methods), None)
    layer = tx.layers.get(shown.id) if shown else None
    stack = page.stack
    found = verdicts.localised(tx, stack, layer, {0: region}) if stack and layer else {}
    return tuple(Against(method.title, written.against(found.get(method.name), _)) for method in page.data.methods)


def seen(view: View, page: CasePage, _: Translate) -> tuple[Line, ...]:
    """How the panes are shown, in words."""
    window = view.window
    units = f" {page.image.units}" if page.image.units else ""
    greys = (
        _("centre %(centre)s, width %(width)s", centre=plain(window.centre), width=plain(window.width)) + units
        if window
        else _("as the film opens")
    )
    turns = {(1, 0, 0, 1): _("as stored")}
    lines = [
        Line(_("Window"), greys + (f" · {_('inverted')}" if view.invert else "")),
        Line(_("Zoom"), f"{100 * view.zoom:.0f} % " + _("of fitting the pane")),
        Line(_("Position"), turns.get(view.turn, _("turned or flipped; the letters follow"))),
    ]
    if view.apart:
        lines.append(Line(_("Panes"), _("some went their own way on the screen; all are printed alike")))
    if not page.grid:
        return tuple(lines)
    if not view.overlays:
        return (*lines, Line(_("Overlays"), _("off")))
    names = wording.windows(_)
    maps = f"{names[f'map.{view.unsigned}']}, {names[f'map.{view.signed}']}"
    scale = [
        _("one scale for all") if view.shared else _("a scale per map"),
        _("to the 99.5th percentile") if view.robust else _("full range"),
        _("Smooth") if view.smooth else _("Native"),
    ]
    how = f"{_('Opacity')} {100 * view.opacity:.0f} % · {_('Threshold')} {100 * view.threshold:.0f} %"
    return (*lines, Line(_("Overlays"), how), Line(_("Colours"), " · ".join([maps, *scale])))


def measure(number: int, one: Annotation, image: Image, _: Translate) -> Line:
    """One ruler with its number on the pictures."""
    name = wording.measures(_)[f"measure.{one.kind}"]
    return Line(f"{number} {name}", " · ".join(figures(measured(one.kind, one.points, image), image, _)))


def figures(found: Measured, image: Image, _: Translate) -> list[str]:
    """A measure's figures in words, as the case page has them."""
    caution = wording.caution(image.spacing_kind, image.pixel_spacing, _)
    words = wording.measures(_)
    if found.angle is not None:
        return [f"{written.fixed(found.angle, 1)}°"]
    if found.length is not None:
        return [f"{plain(found.length)} {found.unit}", *([caution] if caution else [])]
    area = [f"{plain(found.area or 0)} {found.unit}²", *([caution] if caution else [])]
    if found.mean is None:
        return [words["measure.nothing"], *area]
    units = f" {image.units}" if image.units else ""
    values = (("mean", plain(found.mean) + units), ("sd", plain(found.sd or 0)), ("min", plain(found.least or 0)))
    said = [words[f"measure.{key}"].replace("{0}", value) for key, value in values]
    said.append(words["measure.max"].replace("{0}", plain(found.most or 0)))
    return [*said, words["measure.pixels"].replace("{0}", str(found.pixels)), *area]


def network(card: Card, page: CasePage, _: Translate) -> tuple[Line, ...]:
    """The card in a few lines: name, version, what it learnt from, how good it is at this finding, its limits."""
    prediction = page.data.prediction
    sha256 = prediction.model_sha256 if prediction else card.sha256
    lines = [Line(_("Network"), _(card.title)), Line(_("Version"), f"{card.name} · sha256 {sha256}")]
    if sha256 != card.sha256:
        lines.append(Line("", _("The card is of another version: %(version)s.", version=card.sha256[:8])))
    learnt = "; ".join(
        _("%(name)s (%(images)s images, %(patients)s patients)", name=_(s.name), images=s.images, patients=s.patients)
        for s in card.data
    )
    lines.append(Line(_("What it learnt from"), learnt or _("The card does not say.")))
    if page.data.finding:
        good = "; ".join(
            f"{_(f.source)}: {f.value:.3f} ({f.low:.3f}–{f.high:.3f})"
            for f in card.figures
            if f.metric == "AUROC" and f.finding == page.data.finding
        )
        name = wording.label(page.data.finding, _)
        lines.append(Line(_("AUROC of %(finding)s", finding=name), good or _("The card gives no figures.")))
    lines.append(Line(_("Limits"), " ".join(_(limit) for limit in card.limits) or _("The card does not say.")))
    if card.banner:
        lines.append(Line(_("Caution"), _(card.banner)))
    return tuple(lines)


def versions(page: CasePage, _: Translate) -> tuple[Line, ...]:
    """On what all of this was computed."""
    prediction = page.data.prediction
    computed = [prediction.device] if prediction else []
    kind: Literal["dicom", "film image"] = page.series.source
    source = _("DICOM") if kind == "dicom" else _("not DICOM: no spacing, no orientation")
    return (
        Line("Whylight", __version__),
        *(Line(_("Computed on"), device) for device in computed),
        Line(_("Film"), f"{page.image.columns} × {page.image.rows} · {source}"),
        Line(_("Study"), page.study.id),
        Line(_("Image"), page.image.id),
    )
