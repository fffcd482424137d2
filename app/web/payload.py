"""What the case page's scripts get: one tree of frozen dataclasses, as JSON in the page and at ``case.json``.

Shapes only; `filling` fills them. Every sentence in them is in the reader's language already. Nothing here says who the patient
is: that is in the page only.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from app.web.regions import LocalisationData, RegionData


@dataclass(frozen=True, slots=True)
class StudyData:
    """The study: its public id, whether it is a phantom, and how far its analysis is."""

    id: str
    phantom: bool
    state: str


@dataclass(frozen=True, slots=True)
class WindowData:
    """A grey window in modality units, PS3.3 C.11.2.1.2; ``function`` is LINEAR, LINEAR_EXACT or SIGMOID."""

    centre: float
    width: float
    function: str
    label: str


@dataclass(frozen=True, slots=True)
class LutData:
    """A VOI lookup table, PS3.3 C.11.2.1.1: ``url`` gives little-endian uint16, ``bits`` deep, from the value ``first``."""

    first: int
    bits: int
    url: str


@dataclass(frozen=True, slots=True)
class ImageData:
    """One image: ``pixels_url`` gives rows × columns little-endian int16 (``signed``) or uint16 stored values.

    A value in ``units`` is ``stored * slope + intercept``. ``spacing`` is (between rows, between columns) in mm or None and
    ``spacing_kind`` says in words what it is worth, ``spacing_caution`` what stands behind a length in mm; ``halved``: how
    often the film is to be halved for its preview, 0 for none;
    ``orientation`` the letters of the left, top, right and bottom edge, "" when unknown. ``series`` counts from 0: images of
    one series are one stack, in geometric order.
    """

    id: str
    series: int
    rows: int
    columns: int
    signed: bool
    slope: float
    intercept: float
    units: str
    photometric: str
    windows: tuple[WindowData, ...]
    voi_lut: LutData | None
    spacing: tuple[float, float] | None
    spacing_kind: str
    spacing_caution: str
    orientation: tuple[str, str, str, str]
    pixels_url: str
    halved: int
    thumbnail_url: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesData:
    """One series of images: ``image`` is its first one, ``count`` how many it has, ``title`` its place and plane."""

    image: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class ModelData:
    """A network that may read the shown image's series; ``eligible`` is False only for one that was named in the address."""

    name: str
    title: str
    eligible: bool


@dataclass(frozen=True, slots=True)
class ScoreData:
    """One finding by NIH's name and in the reader's language, its calibrated probability in [0, 1] and its logit."""

    finding: str
    label: str
    probability: float
    logit: float


@dataclass(frozen=True, slots=True)
class PredictionData:
    """What the chosen network says about the shown image, most probable finding first; ``banner`` is its card's warning."""

    id: str
    model: str
    title: str
    model_sha256: str
    device: str
    seconds: float
    banner: str
    scores: tuple[ScoreData, ...]


@dataclass(frozen=True, slots=True)
class InspectionData:
    """What the guard of the chosen network says of the shown image: ``verdict`` is "ok", "warned" or "refused". ``stopped``: it
    was not read. ``insisted``: it was refused and read all the same, because somebody asked for that. ``guard`` has a card."""

    guard: str
    verdict: str
    reasons: tuple[str, ...]
    stopped: bool
    insisted: bool


@dataclass(frozen=True, slots=True)
class MethodData:
    """A method with a pane of its own; ``signed``: coloured on both sides of zero; ``caution``: what its pane warns of;
    ``imported``: other software's, which is not asked for maps."""

    name: str
    title: str
    imported: bool
    signed: bool
    summary: str
    caution: str


@dataclass(frozen=True, slots=True)
class ExplanationData:
    """One map: ``values_url`` gives height × width little-endian float32, raw, to be read by its ``scale``, over ``extent``
    (left, top, right, bottom) in image pixels. ``state`` is "ok", or ``state_text`` says why there is no picture. ``model`` and
    ``model_sha256``: the network that it is of, the one that is shown or other software's."""

    id: str
    model: str
    model_sha256: str
    method: str
    finding: str
    kind: str
    scale: str
    state: str
    state_text: str
    signed: bool
    width: int
    height: int
    extent: tuple[float, float, float, float]
    min: float
    max: float
    values_url: str
    overlay_url: str
    notes: tuple[str, ...]
    conservation_error: float | None


@dataclass(frozen=True, slots=True)
class ReviewData:
    """A verdict in force on one method × finding of one image, with the version of the network it was given about.

    ``measures`` has what the server computed of every method's map against the region, by method.
    """

    id: str
    image: str
    model: str
    model_sha256: str
    method: str
    finding: str
    verdict: str
    reason: str
    comment: str
    region: RegionData | None
    measures: dict[str, LocalisationData]
    created_at: str


@dataclass(frozen=True, slots=True)
class LayoutData:
    """A layout that the reader saved; ``own`` is what single panes keep for themselves; ``last``: the case opens with it."""

    id: str
    name: str
    rows: int
    columns: int
    layers: tuple[str, ...]
    own: dict[str, Any]
    last: bool


@dataclass(frozen=True, slots=True)
class JobData:
    """The job that the page shows: ``step`` of ``of``; ``sentence`` says what is being done, or why it failed."""

    id: str
    kind: str
    state: str
    step: int
    of: int
    sentence: str
    image: str
    model: str
    finding: str

    @property
    def open(self) -> bool:
        """Whether it still waits or runs, so that asking again makes sense."""
        return self.state in {"queued", "running"}


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the page's scripts read and write; a review is taken back at ``review`` + its id."""

    case: str
    data: str
    job: str
    explanations: str
    reviews: str
    review: str

    @classmethod
    def of(cls, study_id: str) -> "Urls":
        """Of a case of films."""
        here = f"/studies/{study_id}"
        return cls(here, f"{here}/case.json", f"{here}/job", f"{here}/explanations", f"{here}/reviews", "/reviews/")

    @classmethod
    def of_exam(cls, study_id: str) -> "Urls":
        """Of an exam of stacks."""
        here = f"/studies/{study_id}"
        there = f"{here}/exam"
        return cls(here, f"{there}/data", f"{there}/job", f"{there}/explanations", f"{there}/reviews", "/exam-reviews/")


PAUSES = (700, 300, 5000)
"""Milliseconds between two questions for a job: at first, more with every question, at most."""


@dataclass(frozen=True, slots=True)
class Poll:
    """How a page asks for its job: at which address, for which network and image, and how often it has asked."""

    job: str
    model: str
    image: str = ""
    again: int = 0

    @property
    def url(self) -> str:
        """The address of the next question."""
        return f"{self.job}?{urlencode({'model': self.model, 'image': self.image, 'again': self.again})}"

    @property
    def pause(self) -> int:
        """Milliseconds until then: the longer a job takes, the less often it is asked about."""
        return min(PAUSES[0] + PAUSES[1] * self.again, self.longest)

    @property
    def longest(self) -> int:
        """The longest pause, ms: as long as no answer comes."""
        return PAUSES[2]


@dataclass(frozen=True, slots=True)
class CaseData:
    """Everything the case page's scripts know. ``image``, ``model`` and ``finding`` say what is shown; ``disagree``: from which
    disagreement on methods are said to."""

    study: StudyData
    series: tuple[SeriesData, ...]
    images: tuple[ImageData, ...]
    image: str
    models: tuple[ModelData, ...]
    model: str
    inspection: InspectionData | None
    prediction: PredictionData | None
    finding: str
    methods: tuple[MethodData, ...]
    explanations: tuple[ExplanationData, ...]
    reviews: tuple[ReviewData, ...]
    layouts: tuple[LayoutData, ...]
    job: JobData | None
    disagree: float
    verdicts: tuple[str, ...]
    reasons: tuple[str, ...]
    urls: Urls
    strings: dict[str, str]

    def json(self) -> Markup:
        """The tree as JSON that is safe inside a ``<script type="application/json">``: no ``<``, no ``&``."""
        text = json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - the line is the escaping

    @property
    def shown(self) -> ImageData:
        """The image that is shown."""
        return next(image for image in self.images if image.id == self.image)

    @property
    def stack(self) -> int:
        """How many images the shown image's series has."""
        return sum(image.series == self.shown.series for image in self.images)

    def explanation(self, method: str) -> ExplanationData | None:
        """The shown finding's map by one method."""
        return next((found for found in self.explanations if found.method == method), None)

    def review(self, method: str) -> ReviewData | None:
        """The verdict in force on one method for the shown finding, by the network version that its map is of."""
        map_ = self.explanation(method)
        sha256 = map_.model_sha256 if map_ else self.prediction.model_sha256 if self.prediction else ""
        wanted = (self.image, sha256, method, self.finding)
        return next((r for r in self.reviews if (r.image, r.model_sha256, r.method, r.finding) == wanted), None)
