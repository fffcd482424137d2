"""The languages: gettext catalogues read at the start, and which of them a request gets.

English sentences are the message ids. A translation is plain text: it is escaped by the template like everything else, so
neither a catalogue nor a value that came from a file can become markup.
"""

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "catalogues"
LANGUAGES: Mapping[str, str] = {"en": "English", "ko": "한국어"}
"""The languages there are, each by its own name."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language's sentences."""

    language: str
    translations: gettext.NullTranslations

    def gettext(self, msgid: str, /, **values: object) -> str:
        """The sentence in this language, with its values put in; without values nothing is formatted."""
        sentence = self.translations.gettext(msgid) if msgid else ""  # the empty id is the catalogue's own header
        return sentence % values if values else sentence

    def ngettext(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The sentence for ``n`` things; ``%(n)s`` is the number."""
        return self.translations.ngettext(one, many, n) % {"n": n, **values}


@cache
def read(folder: Path = FOLDER) -> Mapping[str, Catalogue]:
    """Every language's catalogue. English is the message ids themselves; the others come from ``<language>.po``."""
    return {
        language: Catalogue(language, gettext.NullTranslations() if language == "en" else _compiled(folder, language))
        for language in LANGUAGES
    }


def _compiled(folder: Path, language: str) -> gettext.GNUTranslations:
    with (folder / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def choose(cookie: str | None, accept_language: str, fallback: str) -> str:
    """The language for a request: what the reader chose, else what the browser prefers, else the setting's."""
    if cookie is not None and cookie in LANGUAGES:
        return cookie
    for wanted in _preferred(accept_language):
        primary = wanted.split("-", 1)[0]
        if primary in LANGUAGES:
            return primary
    return fallback if fallback in LANGUAGES else "en"


def _preferred(accept_language: str) -> list[str]:
    """The language ranges of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    ranges: list[tuple[float, str]] = []
    for entry in accept_language.split(",")[:32]:
        tag, _, parameter = entry.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if tag and weight > 0:
            ranges.append((weight, tag.strip().lower()))
    return [tag for _, tag in sorted(ranges, key=lambda found: -found[0])]
