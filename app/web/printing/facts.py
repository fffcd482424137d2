"""What a report says beside its pictures, in the reader's language: guard, display, measures, network, versions.

Knows the case page, the view and the card; no store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app import __version__
from app.classifiers.card import Card
from app.domain import Annotation, Image
from app.evaluation.annotations import Measured, measured
from app.web import evidence as lying
from app.web import figures as written
from app.web import wording
from app.web.case import wording as words
from app.web.case import wording_judging as judging
from app.web.case.page import CasePage
from app.web.case.payload_stacks import StackData
from app.web.figures import plain
from app.web.printing.panes import Pane
from app.web.printing.view import View
from app.web.wording import Translate

UPRIGHT = {(1, 0, 0, 1)}


@dataclass(frozen=True, slots=True)
class Line:
    """A name and what is said of it."""

    name: str
    words: str


def guarded(page: CasePage, _: Translate) -> list[str]:
    """What the guard has against the image: as loud on paper as on the screen."""
    found = page.data.inspection
    if found is None:
        return []
    reasons = " ".join(found.reasons)
    if found.stopped:
        return [_("The guard refused this image, and no network read it: %(reasons)s", reasons=reasons)]
    remarks = list(found.remarks)
    if found.insisted:
        return [
            _("The guard refused this image; the network read it all the same, and its numbers mean nothing: %(reasons)s",
              reasons=reasons),
            *remarks,
        ]  # fmt: skip
    return remarks if found.verdict == "ok" else [_("The guard warns of this image: %(reasons)s", reasons=reasons), *remarks]


def seen(view: View, page: CasePage, shown: Sequence[Pane], _: Translate) -> tuple[Line, ...]:
    """How the panes are shown, in words: of a film once, of an exam run by run."""
    lines: list[Line] = []
    for pane in {pane.run.id: pane for pane in reversed(shown)}.values() if page.data.planes else ():
        told = [f"{one.name}: {one.words}" for one in _looked_at(pane, view, _)]
        told += [f"{_('Slices')}: {pane.run.begins}"] if pane.run.begins else []
        lines.insert(0, Line(pane.run.title, " · ".join(told)))
    if not page.data.planes:
        lines += _looked_at(shown[0], view, _)
    if view.apart:
        lines.append(Line(_("Panes"), _("some went their own way on the screen; all are printed alike")))
    if view.visits:
        lines.append(Line(_("Panes"), _("another study of this patient stood beside; it is not printed")))
    if not page.grid:
        return tuple(lines)
    if not view.overlays:
        return (*lines, Line(_("Overlays"), _("off")))
    names = words.windows(_)
    maps = ", ".join(names[f"map.{name}"] for name in (view.unsigned, view.signed, view.influence) if name)
    own = _("the range of the network’s card") if view.fixed else _("a scale per map")
    edges = {"soft": _("soft edges"), "hard": _("hard edges"), "lines": _("lines")}
    scale = [
        _("one scale for all") if view.shared else own,
        _("to the 99.5th percentile") if view.robust else _("full range"),
        _("Smooth") if view.smooth else _("Native"),
        edges[view.edge],
    ]
    how = f"{_('Opacity')} {100 * view.opacity:.0f} % · {_('Threshold')} {100 * view.threshold:.0f} %"
    more = [_("without the image under it")] if view.alone else []
    more += [_("The largest value of the map over all slices, over the shown slice")] if view.most else []
    return (*lines, Line(_("Overlays"), " · ".join([how, *more])), Line(_("Colours"), " · ".join([maps, *scale])))


def _looked_at(pane: Pane, whole: View, _: Translate) -> list[Line]:
    """Window, zoom and position of a pane."""
    view = pane.view(whole)
    window, units = view.window, pane.image.units
    greys = _("as the film opens")
    if window:
        told = _("centre %(centre)s, width %(width)s", centre=plain(window.centre), width=plain(window.width))
        greys = " ".join(filter(None, (told, units)))
    turned = _("as stored") if view.turn in UPRIGHT else _("turned or flipped; the letters follow")
    return [
        Line(_("Window"), greys + (f" · {_('inverted')}" if view.invert else "")),
        Line(_("Zoom"), f"{100 * view.zoom:.0f} % " + _("of fitting the pane")),
        Line(_("Position"), turned),
    ]


def measure(number: int, one: Annotation, image: Image, where: str, _: Translate) -> Line:
    """One ruler with its number on the pictures; ``where`` names the slice it lies on, "" on a film."""
    name = judging.measures(_)[f"measure.{one.kind}"]
    told = figures(measured(one.kind, one.points, image), image, _)
    return Line(f"{number} {name}", " · ".join([*([where] if where else []), *told]))


def figures(found: Measured, image: Image, _: Translate) -> list[str]:
    """A measure's figures in words, as the case page has them."""
    caution = wording.caution(image.spacing_kind, image.pixel_spacing, _)
    said_of = judging.measures(_)
    if found.angle is not None:
        return [f"{written.fixed(found.angle, 1)}°"]
    if found.length is not None:
        return [f"{plain(found.length)} {found.unit}", *([caution] if caution else [])]
    area = [f"{plain(found.area or 0)} {found.unit}²", *([caution] if caution else [])]
    if found.mean is None:
        return [said_of["measure.nothing"], *area]
    units = f" {image.units}" if image.units else ""
    values = (("mean", plain(found.mean) + units), ("sd", plain(found.sd or 0)), ("min", plain(found.least or 0)))
    said = [said_of[f"measure.{key}"].replace("{0}", value) for key, value in values]
    said.append(said_of["measure.max"].replace("{0}", plain(found.most or 0)))
    return [*said, said_of["measure.pixels"].replace("{0}", str(found.pixels)), *area]


def evidence(page: CasePage, _: Translate) -> tuple[Line, ...]:
    """Where the evidence of each map of the shown finding lies: shares of it, with those of the area in brackets."""
    told = page.evidence
    lines = [Line(map_.title, lying.line(map_.told, _)) for map_ in told]
    if any(map_.told.odd for map_ in told):
        lines.append(Line(_("What the sign is worth"), page.worth))
    return tuple(lines)


def anatomy(page: CasePage, _: Translate) -> tuple[Line, ...]:
    """What was measured of the film's anatomy, why the rest was not, and by which network."""
    found = page.data.anatomy
    if found is None or page.data.prediction is None:
        return ()
    measured = (Line(name, said) for name, said in found.lines)
    reasons = (Line(_("Not measurable"), reason) for reason in found.reasons)
    return (*measured, *reasons, Line(_("Network"), found.title))


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


def versions(page: CasePage, shown: Sequence[Pane], _: Translate) -> tuple[Line, ...]:
    """On what all of this was computed, and of which images it is."""
    prediction = page.data.prediction
    computed = [prediction.device] if prediction else []
    kind: Literal["dicom", "film image"] = page.series.source
    source = _("DICOM") if kind == "dicom" else _("not DICOM: no spacing, no orientation")
    if page.data.planes:
        runs = tuple({pane.run.id: pane.run for pane in shown}.values())
        told = [*(Line(run.title, f"{_stack(run, _)} · {run.id}") for run in runs), Line(_("Study"), page.study.id)]
    else:
        film = Line(_("Film"), f"{page.image.columns} × {page.image.rows} · {source}")
        told = [film, Line(_("Study"), page.study.id), Line(_("Image"), page.image.id)]
    return (Line("Whylight", __version__), *(Line(_("Computed on"), device) for device in computed), *told)


def _stack(run: StackData, _: Translate) -> str:
    """What a stack is made of."""
    first = run.images[0]
    apart = _("%(mm)s mm apart", mm=f"{run.between:.1f}") if run.between else ""
    size = f"{first.columns} × {first.rows}"
    return " · ".join(filter(None, (run.description, wording.slices(len(run.images), _), size, apart)))
