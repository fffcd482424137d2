"""The fonts of the PDF: NanumGothic, which has Hangul, and Vera for what it lacks; both are embedded as subsets.

NanumGothic (SIL Open Font License) is one of the front-end packages that make puts into static/vendor; Vera (Bitstream's
permissive licence) comes with reportlab. A letter that neither has is printed as □ (¿ where that is missing too), and the
report says so.
"""

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from app.web.pages import STATIC

FOLDER = STATIC / "vendor" / "fonts"
FAMILIES = {
    "Nanum": (FOLDER / "NanumGothic-Regular.ttf", FOLDER / "NanumGothic-Bold.ttf"),
    "Vera": (Path("Vera.ttf"), Path("VeraBd.ttf")),
}


RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−", strict=True))
"""Where a text has one that no font has, all of its raised figures are set as small figures, raised."""


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts that are there, the first one first. ``hangul``: whether Korean can be printed."""

    known: tuple[tuple[str, frozenset[int]], ...]

    @property
    def first(self) -> str:
        """The name of the font that text is set in."""
        return self.known[0][0]

    @property
    def hangul(self) -> bool:
        """Whether the fonts have Hangul."""
        return any(ord("가") in letters for _, letters in self.known)

    @property
    def missing(self) -> str:
        """What stands for a letter that no font has."""
        return "□" if self._font("□") else "¿"

    def lacks(self, text: str) -> bool:
        """Whether a letter of the text can not be printed."""
        return any(not self._font(letter) for letter in text if letter.isprintable() and not letter.isspace())

    def markup(self, text: str, *, bold: bool = False) -> str:
        """Text for a paragraph of reportlab: escaped, every letter in a font that has it, line breaks kept."""
        out: list[str] = []
        runs: list[tuple[str, str, bool]] = []
        poor = any(not self._font(letter) for letter in text if letter in RAISED)
        for given in text:
            letter, up = (RAISED[given], True) if poor and given in RAISED else (given, False)
            if letter.isspace() or not letter.isprintable():
                font, shown = (runs[-1][0] if runs else self.first), "\n" if letter == "\n" else " "
            else:
                font = self._font(letter)
                shown, font = (letter, font) if font else (self.missing, self._font(self.missing))
            if runs and (runs[-1][0], runs[-1][2]) == (font, up):
                runs[-1] = (font, runs[-1][1] + shown, up)
            else:
                runs.append((font, shown, up))
        for font, run, up in runs:
            name = f"{font}-Bold" if bold else font
            words = f'<font name="{name}">{escape(run)}</font>'.replace("\n", "<br/>")
            out.append(f"<super>{words}</super>" if up else words)
        return "".join(out)

    def _font(self, letter: str) -> str:
        return next((name for name, letters in self.known if ord(letter) in letters), "")


@cache
def fonts(folder: Path = FOLDER) -> Fonts:
    """Register the fonts that are installed; read once."""
    rl_config.TTFSearchPath = [*rl_config.TTFSearchPath, str(folder)]
    known: list[tuple[str, frozenset[int]]] = []
    for name, (regular, bold) in FAMILIES.items():
        if regular.is_absolute():
            regular, bold = folder / regular.name, folder / bold.name  # noqa: PLW2901 - the same files in another folder
            if not (regular.is_file() and bold.is_file()):
                continue
        face = TTFont(name, str(regular))
        pdfmetrics.registerFont(face)
        pdfmetrics.registerFont(TTFont(f"{name}-Bold", str(bold)))
        known.append((name, frozenset(face.face.charToGlyph)))
    return Fonts(tuple(known))
