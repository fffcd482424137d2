"""A cohort's report as PDF, A4: what was measured on what, every figure with its interval, the curves.

Knows reportlab and a `ReportPage`; no route, no store. Text from tables is escaped before reportlab's markup sees it.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus import Image as Picture

from app import render
from app.cohorts.maps import Maps, Mean
from app.cohorts.report import ENOUGH, Estimate
from app.web.cohorts import view
from app.web.cohorts.charts import Curve
from app.web.estimates import figure, interval, point, probable, signed
from app.web.i18n import read
from app.web.printing.fonts import fonts
from app.web.printing.pdf import INK, NO_HANGUL, QUIET, RULE

MARGIN = 14 * mm
WIDE = A4[0] - 2 * MARGIN
SIDE = 46 * mm
MAP_SIDE, MAPS_A_ROW = 27 * mm, 6
LEGEND = (
    "Each map shares out the same evidence; black is none, the brightest cell of each picture the most of it, given in per "
    "cent of all evidence."
)
COLOURS = (HexColor("#0a5fb4"), HexColor("#b45309"))
"""Of the first and the second network; the second's lines are dashed too."""

Translate = Callable[..., str]
Drawn = tuple[str, Mean, tuple[Mean, ...]]
"""What stands under a mean map, the map, and the shares whose lines lie on it."""


def write(page: view.ReportPage, language: str, _: Translate) -> bytes:
    """The PDF. Without a font for Korean its words are English, and it says so."""
    known = fonts()
    mute = language != "en" and not known.hangul
    return Written(page, read()["en"].gettext if mute else _, mute=mute).octets()


class Written:
    """One report while it is written."""

    def __init__(self, page: view.ReportPage, _: Translate, *, mute: bool) -> None:
        self.page = page
        self.fonts = fonts()
        self.mute = mute
        self._ = _
        base = {"fontName": self.fonts.first, "textColor": INK}
        self.text = ParagraphStyle("text", fontSize=8, leading=10.5, **base)
        self.quiet = ParagraphStyle("quiet", fontSize=7, leading=9, **(base | {"textColor": QUIET}))
        self.title = ParagraphStyle("title", fontSize=14, leading=18, **base)
        self.heading = ParagraphStyle("heading", fontSize=10, leading=13, spaceBefore=7, spaceAfter=2, **base)

    def octets(self) -> bytes:
        """The file."""
        out = io.BytesIO()
        document = SimpleDocTemplate(
            out, pagesize=A4, leftMargin=MARGIN - 6, rightMargin=MARGIN - 6, topMargin=18 * mm, bottomMargin=16 * mm,
            title=f"Whylight cohort {self.page.row.id}", author="Whylight",
            subject="Research use only - not for clinical use",
        )  # fmt: skip
        document.build(list(self.story()), onFirstPage=self._frame, onLaterPages=self._frame)
        return out.getvalue()

    def story(self) -> Iterator[Flowable]:
        """Everything from the first line to the last."""
        _, report = self._, self.page.report
        yield self._say(_("Cohort: %(name)s", name=report.name), self.title, bold=True)
        if self.mute:
            yield self._say(NO_HANGUL)
        yield self._facts()
        for network in report.networks:
            if network.banner:
                yield self._say(f"{network.name}: {_(network.banner)}", bold=True)
        yield self._block(_("How good it is"), self._figures())
        if report.differences:
            yield self._block(_("Paired difference"), self._differences())
        if any(not one.finding for one in report.localised):
            yield self._block(_("Maps against boxes"), self._localised())
        for one in self.page.judged:
            if one.curves:
                yield self._block(_(one.finding.replace("_", " ")), self._curves(one.curves))
            for told in one.figures:
                mapped = self.page.maps(one.finding, told.network)
                if mapped is not None and mapped.made is not None:
                    yield from self._maps(mapped.made)
        if report.groups:
            yield self._say(_("Subgroups"), self.heading, bold=True)
            yield self._groups()

    def _maps(self, made: Maps) -> Iterator[Flowable]:
        """Where a network looks for a finding: mean maps of outcomes, and groups of films that it looks at alike on."""
        _ = self._
        outcomes = {"found": _("found"), "missed": _("missed"), "false alarm": _("false alarms")}
        means: list[Drawn] = [(f"{outcomes[one.outcome]} ({one.films})", one.mean, made.parts) for one in made.averages]
        groups: list[Drawn] = [
            (f"{one.name or _('Group %(number)s', number=at + 1)} ({len(one.cases)})", one.mean, ())
            for at, one in enumerate(made.groups)
        ]
        heading = (
            f"{_('Where it looks')}: {_(made.finding.replace('_', ' '))}, {made.network}, {self.page.method_of(made.method)}"
        )
        yield self._say(heading, self.heading, bold=True)
        yield self._say(_(LEGEND), self.quiet)
        whole, apart = _("Mean map"), _("Groups of films")
        for words, some in ((f"{whole}. {view.lies(made, _)}", means), (f"{apart}. {_(view.READ)}", groups)):
            for start in range(0, len(some), MAPS_A_ROW):
                row = some[start : start + MAPS_A_ROW]
                yield KeepTogether([self._say(words, self.quiet), self._pictures(row)])

    def _pictures(self, some: Sequence[Drawn]) -> Table:
        pictures = [Picture(io.BytesIO(_octets(mean, parts)), MAP_SIDE, MAP_SIDE) for _name, mean, parts in some]
        told = [
            self._say(f"{name} · {self._('brightest %(share)s %%', share=f'{100 * max(map(max, mean)):.2g}')}", self.quiet)
            for name, mean, _parts in some
        ]
        empty = [""] * (MAPS_A_ROW - len(some))
        return Table([[*pictures, *empty], [*told, *empty]], colWidths=[WIDE / MAPS_A_ROW] * MAPS_A_ROW, hAlign="LEFT")

    def _facts(self) -> Table:
        _, report = self._, self.page.report
        table = report.table
        read_ = [
            _("%(name)s (%(sha)s): %(read)s read, %(refused)s refused by the guard, %(failed)s not read",
              name=network.name, sha=network.sha256[:12], read=network.read, refused=network.refused, failed=network.failed)
            for network in report.networks
        ]  # fmt: skip
        facts = [
            (_("Table"), _("%(name)s: %(rows)s rows, %(patients)s patients", name=table.name, rows=table.rows,
                           patients=table.patients)),
            (_("Rows without an image"), ", ".join(table.without_image[:8]) or "0"),
            *((_("Network"), line) for line in read_),
            (_("Measured"), f"{report.made_at[:16].replace('T', ' ')} UTC · Whylight {report.version}"),
        ]  # fmt: skip
        return self._table(
            [[self._say(name, self.quiet), self._say(value)] for name, value in facts], [38 * mm, WIDE - 38 * mm]
        )

    def _figures(self) -> Table:
        _ = self._
        counts = _("Exams with / without") if self.page.exams else _("Films with / without")
        heads = (_("Finding"), _("Network"), counts, "AUROC", "AP", _("Called from"), _("Sensitivity"),
                 _("Specificity"), _("Slope"))  # fmt: skip
        rows = [[self._say(name, self.quiet) for name in heads]]
        for one in self.page.judged:
            for told in one.figures:
                slope = told.calibration.slope if told.calibration else Estimate(None, None, None)
                rows.append([
                    self._say(_(one.finding.replace("_", " ")), bold=True), self._say(told.network, self.quiet),
                    self._say(f"{told.positives} / {told.negatives}"), self._estimate(told.auroc),
                    self._say(figure(told.average_precision)), self._say(point(told.point)),
                    self._estimate(told.sensitivity), self._estimate(told.specificity), self._estimate(slope, 2),
                ])  # fmt: skip
        for mean in self.page.report.means:
            if mean.findings:
                count = {"n": len(mean.findings), "enough": ENOUGH}
                said = (
                    _("Mean over the %(n)s findings with %(enough)s exams or more", **count)
                    if self.page.exams
                    else _("Mean over the %(n)s findings with %(enough)s films or more", **count)
                )
                rows.append([self._say(said, self.quiet), self._say(mean.network, self.quiet), self._say(""),
                             self._estimate(mean.auroc), self._say(figure(mean.average_precision)),
                             *[self._say("")] * 4])  # fmt: skip
        return self._table(rows, [30 * mm, 26 * mm, 18 * mm, 24 * mm, 12 * mm, 14 * mm, 22 * mm, 22 * mm, WIDE - 168 * mm])

    def _differences(self) -> Table:
        _ = self._
        first, second = self.page.report.networks
        cases = _("Exams") if self.page.exams else _("Films")
        heads = (_("Finding"), cases, first.name, second.name, "DeLong", "p", _("Bootstrap over patients"), "p")
        rows = [[self._say(name, self.quiet) for name in heads]]
        for pair in self.page.report.differences:
            cells = (figure(pair.first), figure(pair.second))
            rows.append([
                self._say(_(pair.finding.replace("_", " ")), bold=True), self._say(str(pair.films)), *map(self._say, cells),
                self._estimate(pair.delong, sign=True), self._say(probable(pair.delong_p)),
                self._estimate(pair.drawn, sign=True), self._say(probable(pair.drawn_p)),
            ])  # fmt: skip
        return self._table(rows, [34 * mm, 14 * mm, 22 * mm, 22 * mm, 32 * mm, 14 * mm, 32 * mm, WIDE - 170 * mm])

    def _localised(self) -> Table:
        _ = self._
        heads = (_("Network"), _("Method"), _("Films"), _("Pointing game"), "IoU", _("Inside"), _("Out/in"))
        rows = [[self._say(name, self.quiet) for name in heads]]
        told = {(o.network, o.method, o.measure): o for o in self.page.report.localised if not o.finding}
        for network, method in dict.fromkeys((network, method) for network, method, _m in told):
            own = [told.get((network, method, measure)) for measure in ("pointing", "iou", "mass", "outside_inside")]
            name = self.page.titles.get(method, method)
            films = max(one.films for one in own if one is not None)
            figures = (self._estimate(one.value) if one is not None else self._say("–") for one in own)
            rows.append([self._say(network, self.quiet), self._say(name), self._say(str(films)), *figures])
        return self._table(rows, [30 * mm, 36 * mm, 14 * mm, 26 * mm, 26 * mm, 26 * mm, WIDE - 158 * mm])

    def _groups(self) -> Table:
        _ = self._
        counts = _("Exams with / all") if self.page.exams else _("Films with / all")
        heads = (_("Finding"), _("Network"), _("Group"), counts, "AUROC", _("Sensitivity"), _("Specificity"))
        rows = [[self._say(name, self.quiet) for name in heads]]
        rows += [
            [
                self._say(_(one.finding.replace("_", " "))), self._say(one.network, self.quiet),
                self._say(f"{one.column}: {one.value}"), self._say(f"{one.positives} / {one.films}"),
                *map(self._estimate, (one.auroc, one.sensitivity, one.specificity)),
            ]
            for one in self.page.report.groups
        ]  # fmt: skip
        return self._table(rows, [34 * mm, 28 * mm, 32 * mm, 20 * mm, 24 * mm, 22 * mm, WIDE - 160 * mm], head=True)

    def _curves(self, curves: Sequence[Curve]) -> Table:
        _ = self._
        names = [f"{'- - ' if at else ''}{one.network}" for at, one in enumerate(curves)]
        cells = [[self._drawing(curves, "roc"), self._drawing(curves, "precision_recall")]]
        words = [[self._say(_("ROC curve"), self.quiet), self._say(_("Precision and recall"), self.quiet)]]
        table = Table([*words, *cells, [self._say(" · ".join(names), self.quiet), self._say("")]], [SIDE + 14 * mm] * 2)
        table.hAlign = "LEFT"
        return table

    def _drawing(self, curves: Sequence[Curve], kind: str) -> Drawing:
        """The lines of a square of 100, upwards."""
        drawing = Drawing(SIDE + 4 * mm, SIDE + 4 * mm)
        scale = SIDE / 100
        drawing.add(Rect(0, 4 * mm, SIDE, SIDE, fillColor=None, strokeColor=RULE, strokeWidth=0.5))
        if kind == "roc":
            drawing.add(Line(0, 4 * mm, SIDE, 4 * mm + SIDE, strokeColor=RULE, strokeDashArray=[2, 2], strokeWidth=0.5))
        for at, one in enumerate(curves):
            pairs = [tuple(map(float, pair.split(","))) for pair in getattr(one, kind).split()]
            flat = [value for x, y in pairs for value in (x * scale, 4 * mm + (100 - y) * scale)]
            if len(flat) >= 4:
                drawing.add(PolyLine(flat, strokeColor=COLOURS[at], strokeWidth=1.1, strokeDashArray=[3, 2] if at else None))
            mark = one.marks[-1]
            x, y = (mark.x, mark.y) if kind == "roc" else (mark.recall, mark.precision)
            drawing.add(Circle(x * scale, 4 * mm + (100 - y) * scale, 2, fillColor=COLOURS[at], strokeColor=None))
        drawing.add(String(0, 0, "0", fontName=self.fonts.first, fontSize=6, fillColor=QUIET))
        drawing.add(String(SIDE - 3, 0, "1", fontName=self.fonts.first, fontSize=6, fillColor=QUIET))
        return drawing

    def _estimate(self, of: Estimate, digits: int = 3, *, sign: bool = False) -> list[Paragraph]:
        told = [self._say((signed if sign else figure)(of.value, digits))]
        if between := interval(of, digits, sign=sign):
            told.append(self._say(between, self.quiet))
        return told

    def _say(self, text: str, style: ParagraphStyle | None = None, *, bold: bool = False) -> Paragraph:
        return Paragraph(self.fonts.markup(text, bold=bold), style or self.text)

    def _block(self, title: str, body: Flowable) -> Flowable:
        parts = [self._say(title, self.heading, bold=True), body, Spacer(1, 2 * mm)]
        return KeepTogether(parts)

    def _table(self, rows: list[list[Any]], widths: list[float], *, head: bool = False) -> Table:
        table = Table(rows, widths, repeatRows=1 if head else 0)
        table.setStyle(
            TableStyle([
                ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.25, RULE),
                ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
                ("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ])
        )  # fmt: skip
        return table

    def _frame(self, canvas: Canvas, document: Any) -> None:
        """What stands on every page: that it is for research only, and the page's number."""
        use = self._("Research use only — not for clinical use")
        canvas.saveState()
        for y, text in ((A4[1] - 11 * mm, use), (9 * mm, f"{use}   ·   {document.page}")):
            paragraph = self._say(text, self.quiet)
            paragraph.wrapOn(canvas, WIDE, 10 * mm)
            paragraph.drawOn(canvas, MARGIN, y)
        canvas.restoreState()


def _octets(mean: Mean, parts: Sequence[Mean]) -> bytes:
    return render.plain_png(np.asarray(mean, np.float32), around=[np.asarray(one, np.float32) for one in parts])
