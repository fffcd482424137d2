"""What every page shares: the parts of the running product, and rendering one frozen dataclass through one template.

Knows Jinja and the request; no route. A page is a frozen dataclass that names its template; the template reads it as
``page``, and everything a page shows is in there.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import ClassVar, Protocol, cast
from urllib.parse import parse_qsl, quote, unquote

from fastapi import Request
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from app import __version__
from app.classifiers.registry import Registry
from app.config import ROOT, Settings
from app.domain import Plane
from app.stacks import SIDES, Side
from app.store import Store
from app.web import estimates
from app.web.addresses import served
from app.web.i18n import LANGUAGES, Catalogue, choose, read
from app.web.lanes import Lanes

LANGUAGE_COOKIE = "whylight-language"
THEME_COOKIE = "whylight-theme"
READER_COOKIE = "whylight-reader"
DIRECTIONS_COOKIE = "whylight-directions"
READER = "reader"
"""Who reads where nobody has picked a name."""
SEXES = ("M", "F", "O")
"""The values that Patient's Sex may have (PS3.3 C.7.1.1)."""
THEMES = ("dark", "light")
FORMS: Mapping[str, str] = {"/batches": "/batches", "/flagged": "/flagged", "/studies": "/upload", "/cohorts": "/cohorts"}
"""The pages that posted forms belong to, where it is not the worklist."""
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"


class Page(Protocol):
    """One page's context: a frozen dataclass that names its template."""

    template: ClassVar[str]


@dataclass(frozen=True)
class Web:
    """The parts a route works with."""

    settings: Settings
    store: Store
    registry: Registry
    wake: Callable[[], None]
    alive: Callable[[], bool] | None
    catalogues: Mapping[str, Catalogue]
    templates: Mapping[str, Jinja2Templates] = field(repr=False)
    pictures: "Pictures" = field(repr=False)
    lanes: Lanes = field(default_factory=Lanes, repr=False)


def of(request: Request) -> Web:
    """The parts of the application that answers this request."""
    return cast(Web, request.app.state.web)


def language(request: Request) -> str:
    """The language this request is answered in."""
    return choose(
        request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""), of(request).settings.language
    )


def gettext(request: Request) -> Callable[..., str]:
    """The translation function for this request: ``_("%(n)s images", n=3)``."""
    return of(request).catalogues[language(request)].gettext


def theme(request: Request) -> str:
    """The colours this reader chose; dark, as films are read, until they choose."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def reader(request: Request) -> str:
    """The name under which this reader's verdicts are kept: the one they picked. There are no accounts: who is here may pick
    any."""
    return name_of(unquote(request.cookies.get(READER_COOKIE, ""))) or READER


def directions(request: Request) -> Mapping[Plane, Side]:
    """From which side this reader goes through the stacks of a plane; as they are stored where they chose none."""
    chosen = dict(parse_qsl(unquote(request.cookies.get(DIRECTIONS_COOKIE, ""))))
    return {plane: side for plane, sides in SIDES.items() for side in sides if chosen.get(plane) == side}


def name_of(text: str) -> str:
    """A reader's name out of what was typed: what can be printed, without double spaces, at most 64 letters."""
    return " ".join("".join(letter for letter in text if letter.isprintable()).split())[:64]


def render(
    request: Request,
    page: Page,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    template: str | None = None,
) -> Response:
    """The page through its template; ``template`` names a fragment of it instead, for htmx."""
    context = {"page": page, "theme": theme(request), "path": own_path(request), "reader": reader(request)}
    return (
        of(request)
        .templates[language(request)]
        .TemplateResponse(request, template or page.template, context, status_code=status, headers=headers)
    )


def own_path(request: Request) -> str:
    """Where the preferences form comes back to: this page, or the page a posted form belongs to."""
    if request.method not in {"GET", "HEAD"}:
        if request.url.path.startswith("/cohorts/"):
            return request.url.path
        return FORMS.get(request.url.path, "/")
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


@cache
def environments() -> Mapping[str, Jinja2Templates]:
    """One set of templates per language, compiled once. Everything is escaped, whatever a file's name ends in."""
    catalogues, assets = read(), Assets()
    return {name: Jinja2Templates(env=_environment(catalogue, assets)) for name, catalogue in catalogues.items()}


def _environment(catalogue: Catalogue, assets: "Assets") -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(
        _=catalogue.gettext,
        ngettext=catalogue.ngettext,
        static=assets.url,
        served=served,
        language=catalogue.language,
        languages=LANGUAGES,
        version=__version__,
    )
    environment.filters.update(
        date=day,
        moment=moment,
        clock=lambda value: moment(value).partition(" ")[2],
        person=person,
        sex=sex,
        percent=percent,
        figure=estimates.figure,
        point=estimates.point,
        per_cent=estimates.per_cent,
        signed=estimates.signed,
        interval=estimates.interval,
        probable=estimates.probable,
        finding=lambda name: catalogue.gettext(name.replace("_", " ")),
    )
    return environment


def sex(code: str) -> str:
    """Patient's Sex (0010,0040) for reading: M, F or O; "" for what the standard does not know, as fillers of exports."""
    return code if code in SEXES else ""


def percent(probability: float, point: float | None = None) -> str:
    """A probability in whole per cent; no network is so sure that it may say 0 or 100. Beside the ``point`` that a finding is
    called from, with as many digits as it takes to stand on the side of it where the probability is."""
    if point is not None:
        near = estimates.beside(100 * probability, 100 * point, 0)
        if "." in near:
            return f"{near} %"
    if probability < 0.005:
        return "<1 %"
    return ">99 %" if probability > 0.995 else f"{100 * probability:.0f} %"


def day(value: str | date | datetime) -> str:
    """A DICOM date (DA, PS3.5 6.2: YYYYMMDD) or a date as 2026-11-23; other text as it is."""
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if len(value) == 8 and value.isdigit() else value


def moment(value: datetime) -> str:
    """A time as 2026-11-23 14:05 UTC; a time without a zone is UTC, as the store keeps it."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def person(name: str) -> str:
    """A DICOM person name (PN, PS3.5 6.2.1) for reading: family name, then the others; the first group that says something."""
    group = next((part for part in name.split("=") if part.strip("^ ")), "")
    family, *others = [part.strip() for part in group.split("^")]
    rest = " ".join(part for part in others if part)
    return f"{family}, {rest}" if family and rest else family or rest


class Assets:
    """Addresses of static files with their content's hash, so that a browser may keep them for good."""

    def __init__(self, folder: Path = STATIC) -> None:
        self.folder = folder
        self._known: dict[str, tuple[float, str]] = {}

    def url(self, name: str) -> str:
        """``/static/<name>?v=<hash>``; without the hash while the file is missing."""
        digest = self.digest(name)
        return served(f"/static/{name}?v={digest}") if digest else served(f"/static/{name}")

    def fresh(self) -> bool:
        """Whether the bundles under ``built`` were made of the scripts and styles that are here (.ci/bundle.sh)."""
        told = self.folder / "built" / ".sources"
        if not told.is_file():
            return False
        paths = [path for room in ("js", "css") for path in (self.folder / room).rglob("*") if path.is_file()]
        digest = hashlib.sha256()
        for path in sorted(paths, key=lambda path: path.as_posix()):
            digest.update(path.read_bytes())
        return told.read_text(encoding="ascii").strip() == digest.hexdigest()

    def digest(self, name: str) -> str:
        """The first 12 hexadecimal digits of the file's sha256, read anew when the file changes; "" where there is none."""
        path = self.folder / name
        if not path.is_file():
            return ""
        changed = path.stat().st_mtime
        known = self._known.get(name)
        if known is None or known[0] != changed:
            known = (changed, hashlib.sha256(path.read_bytes()).hexdigest()[:12])
            self._known[name] = known
        return known[1]


class Pictures:
    """The small pictures last asked for: a large film takes a tenth of a second to draw, its thumbnail 20 KB to keep.

    What is larger than 128 KB is drawn anew each time, so that all of them together stay below 32 MB.
    """

    def __init__(self, room: int = 256, largest: int = 128 * 1024) -> None:
        self._kept: dict[str, bytes] = {}
        self._room = room
        self._largest = largest

    def get(self, tag: str, made: Callable[[], bytes]) -> bytes:
        """The picture; two that ask at once may both draw it, which harms nobody."""
        found = self._kept.pop(tag, None) or made()
        if len(found) <= self._largest:
            self._kept[tag] = found
        for oldest in list(self._kept)[: -self._room]:
            self._kept.pop(oldest, None)
        return found


def cookie(response: Response, name: str, value: str) -> None:
    """Keep a preference for a year. It says nothing about a person, and no script needs it."""
    response.set_cookie(name, quote(value), max_age=365 * 86400, path=served("/"), httponly=True, samesite="lax")


def is_htmx(request: Request) -> bool:
    """Whether htmx (or a script that speaks its headers) asks, and a fragment is the answer."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-history-restore-request") != "true"


def wants_json(request: Request) -> bool:
    """Whether the caller is a program: the API, or a script that accepts JSON and no page."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or ("application/json" in accept and "text/html" not in accept)
