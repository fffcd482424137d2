"""The report as PDF, A4: on every page whose it is, the page's number, and that it is for research only.

Knows reportlab and a `Sheet`; no route, no store. Text from headers and readers is escaped before reportlab's markup sees it.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from app.domain import READ_PLANES
from app.web import pages
from app.web.i18n import read
from app.web.printing.facts import Line
from app.web.printing.fonts import Fonts, fonts
from app.web.printing.sheet import Plate, Sheet

MARGIN = 14 * mm
WIDE = A4[0] - 2 * MARGIN
INK, QUIET, RULE, SHADE = HexColor("#111111"), HexColor("#555555"), HexColor("#bbbbbb"), HexColor("#eeeeee")
rl_config.useA85 = 0  # the pictures as octets, not as a quarter more of letters
PADDING = 6
"""What reportlab's frames add on every side, in points."""
TALLEST = 190 * mm
"""Height of a pane that stands alone."""
NO_HANGUL = "The Korean font is not installed on this server, so this report is in English; “make setup” installs it."

Translate = Callable[..., str]


def write(sheet: Sheet, pictures: Mapping[str, bytes], language: str, _: Translate) -> bytes:
    """The PDF. ``pictures`` has a PNG per layer; a plate without one shows its words.

    ``_`` must be the translation that the sheet was made with. Without a font for Korean the PDF's own words are English, and
    it says so.
    """
    known = fonts()
    return Report(sheet, pictures, language, _, known).octets()


class Report:
    """One report while it is written."""

    def __init__(self, sheet: Sheet, pictures: Mapping[str, bytes], language: str, _: Translate, known: Fonts) -> None:
        self.sheet = sheet
        self.pictures = pictures
        self.fonts = known
        self.mute = language != "en" and not known.hangul
        self._ = read()["en"].gettext if self.mute else _
        base = {"fontName": known.first, "textColor": INK}
        self.text = ParagraphStyle("text", fontSize=8.5, leading=11.5, **base)
        self.small = ParagraphStyle("small", fontSize=7.5, leading=10, **base)
        self.quiet = ParagraphStyle("quiet", fontSize=7.5, leading=10, **(base | {"textColor": QUIET}))
        self.title = ParagraphStyle("title", fontSize=14, leading=18, **base)
        self.heading = ParagraphStyle("heading", fontSize=10, leading=13, spaceBefore=7, spaceAfter=2, **base)

    def say(self, text: str, style: ParagraphStyle | None = None, *, bold: bool = False) -> Paragraph:
        """A paragraph of plain text."""
        return Paragraph(self.fonts.markup(text, bold=bold), style or self.text)

    def octets(self) -> bytes:
        """The file. Its own information names no patient: a title travels further than a page."""
        out = io.BytesIO()
        document = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=MARGIN - PADDING,
            rightMargin=MARGIN - PADDING,
            topMargin=24 * mm,
            bottomMargin=18 * mm,
            title=f"Whylight {self.sheet.case.study.id}",
            author="Whylight",
            subject="Research use only - not for clinical use",
        )
        document.build(self.story(), canvasmaker=self._canvas)
        return out.getvalue()

    def story(self) -> list[Flowable]:
        """Everything from the first line to the last."""
        sheet, _ = self.sheet, self._
        parts: list[Flowable] = [self.say(_("Report"), self.title, bold=True)]
        parts += [self.say(sentence, self.text, bold=True) for sentence in self._said()]
        parts += [self._facts(), *self._panes()]
        parts += self._block(_("How the panes are shown"), self._lines(sheet.seen))
        if sheet.probabilities:
            parts += self._block(_("Findings"), self._findings())
        if sheet.points:
            parts += self._block(_("From where on findings are called"), self._lines(sheet.points))
        if sheet.shares:
            parts += self._block(_("Shares of the planes"), self._shares())
        if sheet.evidence:
            title = _("Where the evidence lies: its share, and in brackets that of the area")
            parts += self._block(title, self._lines(sheet.evidence))
        if sheet.verdicts:
            parts += self._block(_("Verdicts"), self._verdicts())
        if sheet.against:
            parts += self._block(_("Every map against the true region"), self._against())
        if sheet.anatomy:
            parts += self._block(_("Anatomy"), self._lines(sheet.anatomy))
        if sheet.measures:
            parts += self._block(_("Measures"), self._lines(sheet.measures))
        if sheet.network:
            parts += self._block(_("Network"), self._lines(sheet.network))
        return [*parts, *self._block(_("Versions"), self._lines((*sheet.versions, Line(_("This view"), sheet.link))))]

    def _said(self) -> list[str]:
        patient, judged = self.sheet.case.study.patient, self.sheet.verdicts
        texts = [patient.name, patient.id, self.sheet.case.study.description, *(one.comment for one in judged)]
        texts += [text for plate in self.sheet.plates for text in (plate.classes, plate.notes)]
        said = list(self.sheet.said)
        if self.mute:
            said.append(NO_HANGUL)
        if any(map(self.fonts.lacks, texts)):
            said.append(self._("Letters that the fonts do not have are printed as %(sign)s.", sign=self.fonts.missing))
        return said

    def _facts(self) -> Table:
        case, _ = self.sheet.case, self._
        study, series, patient = case.study, case.series, case.study.patient
        marks = [_("PHANTOM – drawn, no patient")] if study.phantom else []
        facts = [
            (_("Name"), pages.person(patient.name) or _("No name")),
            (_("ID"), patient.id),
            (_("Born"), pages.day(patient.birth_date)),
            (_("Sex"), pages.sex(patient.sex)),
            (_("Study"), " ".join(filter(None, [pages.day(study.date), study.description, *marks]))),
            (_("Accession"), study.accession),
            (_("Modality"), " ".join(filter(None, [series.modality, series.view_position, series.body_part]))),
            (_("Printed"), pages.moment(self.sheet.printed_at)),
        ]
        cells = [[self.say(name, self.quiet), self.say(value or "–", self.text, bold=True)] for name, value in facts]
        rows = [left + right for left, right in zip(cells[::2], cells[1::2], strict=True)]
        return self._table(rows, [20 * mm, WIDE / 2 - 20 * mm] * 2, shaded=True)

    def _panes(self) -> list[Flowable]:
        plates = self.sheet.plates
        row = len(READ_PLANES) if self.sheet.case.data.planes else 2
        across = min(len(plates), row) if len(plates) <= 4 else 3
        each = WIDE / across
        cells = [self._pane(plate, each - 3 * mm) for plate in plates]
        cells += [[] for _ in range(-len(cells) % across)]
        rows = [cells[at : at + across] for at in range(0, len(cells), across)]
        table = Table(rows, [each] * across, splitByRow=1)
        table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
        return [self.say(self.sheet.subject, self.heading, bold=True), table]

    def _pane(self, plate: Plate, wide: float) -> list[Flowable]:
        parts: list[Flowable] = [self.say(plate.title, self.text, bold=True)]
        if plate.name in self.pictures:
            reader = ImageReader(io.BytesIO(self.pictures[plate.name]))
            columns, rows = reader.getSize()
            scale = min(wide / columns, TALLEST / rows)
            parts.append(Image(io.BytesIO(self.pictures[plate.name]), columns * scale, rows * scale, hAlign="LEFT"))
        if plate.words:
            parts.append(self.say(plate.words, self.small))
        _ = self._
        if plate.high:
            parts.append(self.say(_("Colours %(low)s to %(high)s", low=plate.low, high=plate.high), self.small))
        if plate.classes:
            parts.append(self.say(plate.classes, self.small))
        if plate.told:
            parts.append(self.say(plate.told, self.small))
        if plate.least:
            parts.append(self.say(_("Raw range %(low)s to %(high)s", low=plate.least, high=plate.most), self.quiet))
        if plate.notes:
            parts.append(self.say(plate.notes, self.quiet))
        if plate.verdict:
            parts.append(self.say(plate.verdict, self.small, bold=True))
        return parts

    def _findings(self) -> Table:
        rows = [
            [
                self.say(one.name, bold=one.shown),
                self.say(f"{one.percent} · {self._('called')}" if one.called else one.percent, bold=one.shown or one.called),
            ]
            for one in self.sheet.probabilities
        ]
        half = -(-len(rows) // 2)
        empty = [self.say("")] * 2
        pairs = [left + right for left, right in zip(rows[:half], [*rows[half:], empty][:half], strict=True)]
        return self._table(pairs, [56 * mm, WIDE / 2 - 56 * mm] * 2)

    def _against(self) -> Table:
        _ = self._
        heads = (_("Method"), _("Peak"), "IoU", _("Out/in"), _("Inside"))
        rows = [[self.say(name, self.quiet) for name in heads]]
        rows += [[self.say(row.title, bold=True), *map(self.say, row.figures)] for row in self.sheet.against]
        return self._table(rows, [WIDE / 3, *[WIDE / 6] * 4])

    def _shares(self) -> Table:
        _ = self._
        rows = [[self.say(name, self.quiet) for name in (_("Plane"), _("alone"), _("adds"))]]
        for share in self.sheet.shares:
            told = (share.words, "") if share.words else (share.alone, share.adds)
            rows.append([self.say(share.plane, bold=True), *(self.say(text, self.small) for text in told)])
        return self._table(rows, [42 * mm, WIDE - 84 * mm, 42 * mm])

    def _verdicts(self) -> Table:
        _ = self._
        heads = (_("Method"), _("Verdict"), _("Reason"), _("Comment"), _("True region"))
        rows = [[self.say(name, self.quiet) for name in heads]]
        for one in self.sheet.verdicts:
            drawn = _("drawn") if one.region else "–"
            texts = (one.title, one.verdict, one.reason or "–", one.comment or "–", drawn)
            rows.append([self.say(text, self.small) for text in texts])
        return self._table(rows, [26 * mm, 28 * mm, 28 * mm, WIDE - 104 * mm, 22 * mm])

    def _lines(self, lines: Sequence[Line]) -> Table:
        return self._table([[self.say(line.name, self.quiet), self.say(line.words, self.small)] for line in lines],
                           [42 * mm, WIDE - 42 * mm])  # fmt: skip

    def _block(self, title: str, body: Flowable) -> list[Flowable]:
        return [KeepTogether([self.say(title, self.heading, bold=True), body]), Spacer(1, 2 * mm)]

    def _table(self, rows: list[list[Any]], widths: list[float], *, shaded: bool = False) -> Table:
        table = Table(rows, widths)
        style: list[tuple[Any, ...]] = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.25, RULE),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
        table.setStyle(TableStyle([*style, ("BACKGROUND", (0, 0), (-1, -1), SHADE)] if shaded else style))
        return table

    def _canvas(self, *arguments: Any, **named: Any) -> Canvas:
        return Numbered(self._frame, *arguments, **named)

    def _frame(self, canvas: Canvas, number: int, of: int) -> None:
        """What stands on every page: whose it is above, for research only above and below, the page's number."""
        sheet, _ = self.sheet, self._
        study = sheet.case.study
        named = pages.person(study.patient.name) or _("No name")
        who = " · ".join(filter(None, [named, study.patient.id, pages.day(study.date)]))
        use = _("Research use only — not for clinical use")
        top = A4[1] - 12 * mm
        self._line(canvas, who, MARGIN, top, bold=True)
        self._line(canvas, use, MARGIN, top - 5 * mm, bold=True)
        canvas.setStrokeColor(RULE)
        canvas.line(MARGIN, top - 7 * mm, A4[0] - MARGIN, top - 7 * mm)
        canvas.line(MARGIN, 14 * mm, A4[0] - MARGIN, 14 * mm)
        page = _("Page %(number)s of %(pages)s", number=number, pages=of)
        self._line(canvas, f"{use} · Whylight {study.id} · {page}", MARGIN, 9 * mm)

    def _line(self, canvas: Canvas, text: str, x: float, y: float, *, bold: bool = False) -> None:
        line = self.say(text, self.small, bold=bold)
        line.wrap(WIDE, 12 * mm)
        line.drawOn(canvas, x, y - 2 * mm)


class Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
    """A canvas that knows how many pages there are before it draws what stands on each."""

    def __init__(self, frame: Callable[[Canvas, int, int], None], *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._frame_of = frame
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        """Keep the page instead of writing it."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write every page with its frame."""
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self._frame_of(self, number, len(self._pages))
            super().showPage()
        super().save()
