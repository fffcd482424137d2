"""What the page that compares networks is made of: frozen dataclasses that the template, its scripts and the API read.

Shapes only; `reading` fills them. Every sentence in them is in the reader's language already.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import ClassVar, Literal
from urllib.parse import quote, urlencode

from markupsafe import Markup

from app.domain import Plane
from app.store import ImageRow, SeriesRow, StudyRow
from app.web.addresses import served
from app.web.case.payload import PAUSES, Arrangement, JobData, StudyData
from app.web.case.payload_results import ExplanationData, InspectionData, MethodData, ModelData, ScoreData
from app.web.case.payload_stacks import StackData

Said = Literal["read", "unread", "refused", "unknown"]
"""What a network has to say of a finding: its answer; nothing yet; nothing, because its guard refused the image; nothing ever,
because the finding is not one of those that it knows."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address names of a comparison, "" and none for what it leaves open; ``minus`` are the two networks whose maps
    are subtracted, the second from the first."""

    image: str = ""
    finding: str = ""
    networks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    plane: Plane = ""

    @property
    def query(self) -> str:
        """As an address has it."""
        told = [("image", self.image), ("finding", self.finding), ("plane", self.plane)]
        named = [pair for pair in told if pair[1]]
        named += [("network", name) for name in self.networks] + [("method", name) for name in self.methods]
        return urlencode(named + [("minus", name) for name in self.minus], quote_via=quote)


def address(study_id: str, wanted: Wanted, *, end: str = "") -> str:
    """Where networks are compared; ``end`` is what of that: "" for the page."""
    query = wanted.query
    return served(f"/studies/{study_id}/networks{end}") + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class CellData:
    """One method's map by one network: its layer, or ``words`` that say why there is no picture. ``lacks``: it can be computed,
    and is not there."""

    method: str
    layer: ExplanationData | None
    words: str
    lacks: bool

    @property
    def drawn(self) -> bool:
        """Whether there is a picture."""
        return self.layer is not None and self.layer.state == "ok"


@dataclass(frozen=True, slots=True)
class RowData:
    """One network: its ``letter`` on this page, what it says of the finding, and its maps in the order of the columns. ``said``
    in words is ``sentence``, ``point`` says from where on the finding is called. ``stack`` is the stored stack that it read, or
    would read; ``run`` what its panes scroll through, "" for nothing; ``opens`` the slice at which that opens, from 0.
    ``askable``: it can be asked to read. ``case`` is its page of the case."""

    letter: str
    model: str
    title: str
    model_sha256: str
    said: Said
    sentence: str
    score: ScoreData | None
    point: str
    inspection: InspectionData | None
    cells: tuple[CellData, ...]
    stack: str
    run: str
    opens: int
    askable: bool
    job: JobData | None
    case: str

    def cell(self, method: str) -> CellData:
        """Its map by a method."""
        return next(cell for cell in self.cells if cell.method == method)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The methods whose maps can be asked for."""
        return tuple(cell.method for cell in self.cells if cell.lacks)

    @property
    def due(self) -> bool:
        """Whether maps are to be asked for that nothing computes yet; after a failure only the reader asks again."""
        return self.job is None and bool(self.lacking)


@dataclass(frozen=True, slots=True)
class AlikeData:
    """How far the maps of two networks by one method agree: rank correlation and overlap of the top areas, None where one of
    them has no order or is not there."""

    method: str
    rank: float | None
    overlap: float | None


@dataclass(frozen=True, slots=True)
class PairData:
    """Two networks, by their names and letters, and how far their maps agree, method by method."""

    one: str
    other: str
    letters: tuple[str, str]
    alike: tuple[AlikeData, ...]


@dataclass(frozen=True, slots=True)
class NetworksUrls:
    """Where the page's scripts read and write; each with the comparison in its query."""

    page: str
    data: str
    case: str


@dataclass(frozen=True, slots=True)
class NetworksData:
    """What the page's scripts know. ``stacks`` are what panes scroll through; ``minus`` names the two networks whose maps are
    subtracted, none where there are not two."""

    study: StudyData
    arrangement: Arrangement
    image: str
    finding: str
    label: str
    stacks: tuple[StackData, ...]
    methods: tuple[MethodData, ...]
    rows: tuple[RowData, ...]
    minus: tuple[str, ...]
    urls: NetworksUrls
    strings: dict[str, str]
    inspection: None = None
    odd: tuple[()] = ()

    def json(self) -> Markup:
        """The tree as JSON that is safe inside a ``<script type="application/json">``: no ``<``, no ``&``."""
        text = json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - the line is the escaping

    def run(self, run_id: str) -> StackData | None:
        """What a pane scrolls through, by its id."""
        return next((run for run in self.stacks if run.id == run_id), None)

    def row(self, model: str) -> RowData:
        """A network's row."""
        return next(row for row in self.rows if row.model == model)

    @property
    def subtracted(self) -> tuple[RowData, ...]:
        """The rows of the two networks whose maps are subtracted."""
        return tuple(self.row(model) for model in self.minus)


@dataclass(frozen=True, slots=True)
class NetworksPage:
    """templates/networks.html and, for htmx, templates/partials/networks_update.html.

    ``models`` are the networks to choose from, ``columns`` the methods, ``findings`` what the compared ones know, by name and
    in words, ``planes`` those of an exam with the shown one in ``wanted``, ``films`` the study's by their ids and in words.
    ``series`` and ``image`` are what the page's head is about. ``again``: how often a page has asked how far its jobs are.
    ``instead``: sentences on what was asked for and cannot be shown, and what is shown in its place.
    """

    template: ClassVar[str] = "networks.html"

    study: StudyRow
    series: SeriesRow
    image: ImageRow
    remarks: tuple[str, ...]
    data: NetworksData
    wanted: Wanted
    models: tuple[ModelData, ...]
    columns: tuple[MethodData, ...]
    findings: tuple[tuple[str, str], ...]
    planes: tuple[tuple[str, str], ...]
    films: tuple[tuple[str, str], ...]
    pairs: tuple[PairData, ...]
    disagree: float
    again: int = 0
    instead: tuple[str, ...] = ()
    grid: bool = True
    job: None = None

    @property
    def open(self) -> bool:
        """Whether something that is shown here is being computed."""
        return any(row.job is not None and row.job.open for row in self.data.rows)

    @property
    def poll(self) -> str:
        """The address of the next question for how far that is."""
        return f"{address(self.study.id, self.wanted, end='/update')}&again={self.again + 1}"

    @property
    def pause(self) -> int:
        """Milliseconds until then: the longer it takes, the less often it is asked."""
        first, more, most = PAUSES
        return min(first + more * self.again, most)

    @property
    def mark(self) -> str:
        """Changes whenever a map, an answer or a reason is another one, so that scripts know when to ask for them."""
        told = [
            (row.said, row.due, *((cell.words, cell.layer and cell.layer.values_url) for cell in row.cells))
            for row in self.data.rows
        ]
        return sha256(repr(told).encode()).hexdigest()[:12]


def lettered(count: int) -> Sequence[str]:
    """What rows are called."""
    return [LETTERS[at % len(LETTERS)] for at in range(count)]
