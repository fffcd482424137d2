"""What the case page's scripts get: one tree of frozen dataclasses, as JSON in the page and at ``case.json``.

One shape for films and exams. Shapes only; the modules beside fill them. Every sentence in them is in the reader's language
already. Nothing here says who the patient is: that is in the page only.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

from markupsafe import Markup

from app.web.addresses import in_api, served
from app.web.case.payload_results import (
    AnatomyData,
    ChangeableData,
    ExplanationData,
    InspectionData,
    LooksData,
    MethodData,
    ModelData,
    PredictionData,
    ReviewData,
)
from app.web.case.payload_stacks import ImageData, StackData

Arrangement = Literal["planes", "grid"]
"""How panes lie: three planes next to each other with one layer over them, or one run under a grid of layers."""


@dataclass(frozen=True, slots=True)
class StudyData:
    """The study: its public id, whether it is a phantom, and how far its analysis is."""

    id: str
    phantom: bool
    state: str


@dataclass(frozen=True, slots=True)
class LayoutData:
    """A layout that the reader saved; ``own`` is what single panes keep for themselves; ``last``: the case opens with it,
    unless another one ``opens`` every case of its kind."""

    id: str
    name: str
    rows: int
    columns: int
    layers: tuple[str, ...]
    own: dict[str, Any]
    last: bool
    opens: str


@dataclass(frozen=True, slots=True)
class VisitData:
    """Another study of the same patient, which panes can show beside this one: its id, whether it is ``earlier``, where its own
    payload is read, and in words what it is, with its date and how far it is away."""

    study: str
    earlier: bool
    data: str
    title: str


@dataclass(frozen=True, slots=True)
class JobData:
    """The job that the page shows: ``step`` of ``of``; ``sentence`` says what is being done, or why it failed; ``stack`` is the
    one it is about, "" where it is about the whole study."""

    id: str
    kind: str
    state: str
    step: int
    of: int
    sentence: str
    stack: str
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
    corrections: str
    regroupings: str
    points: str
    opinions: str
    measures: str

    @classmethod
    def of(cls, study_id: str) -> "Urls":
        """Of a study's case."""
        here = served(f"/studies/{study_id}")
        return cls(
            case=here,
            data=f"{here}/case.json",
            job=f"{here}/job",
            explanations=f"{here}/explanations",
            reviews=f"{here}/reviews",
            review=served("/reviews/"),
            corrections=f"{here}/corrections",
            regroupings=f"{here}/regroupings",
            points=f"{here}/points",
            opinions=f"{here}/opinions",
            measures=in_api(f"{here}/measures"),
        )


def address(study_id: str, *, image: str = "", model: str = "", finding: str = "") -> str:
    """Where a case shows an image, what a network said, and a finding; what is "" is left to the case."""
    told = {name: value for name, value in (("image", image), ("model", model), ("finding", finding)) if value}
    return served(f"/studies/{study_id}") + (f"?{urlencode(told, quote_via=quote)}" if told else "")


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
    """Everything the case page's scripts know. ``image`` is the film that is read, in a grid; in planes the image that the
    address names, or "". ``stack`` is the film's stored stack, "" in planes; ``planes`` names the run that opens for each
    plane, "" for a missing one, and is empty in a grid. ``model`` and ``finding`` say what is shown, ``banner`` what the
    network's card warns of; ``more`` what can be asked for besides ``methods``; ``changeable`` has the findings of the network
    that counterfactuals can be asked for; ``disagree``: from which disagreement on methods are said to. ``visits`` are the
    patient's other studies, the newest first."""

    study: StudyData
    arrangement: Arrangement
    image: str
    stack: str
    planes: dict[str, str]
    stacks: tuple[StackData, ...]
    models: tuple[ModelData, ...]
    model: str
    banner: str
    inspection: InspectionData | None
    anatomy: AnatomyData | None
    looks: LooksData | None
    prediction: PredictionData | None
    finding: str
    methods: tuple[MethodData, ...]
    more: tuple[MethodData, ...]
    changeable: tuple[ChangeableData, ...]
    explanations: tuple[ExplanationData, ...]
    reviews: tuple[ReviewData, ...]
    layouts: tuple[LayoutData, ...]
    job: JobData | None
    disagree: float
    verdicts: tuple[str, ...]
    reasons: tuple[str, ...]
    urls: Urls
    strings: dict[str, str]
    visits: tuple[VisitData, ...] = ()

    def json(self) -> Markup:
        """The tree as JSON that is safe inside a ``<script type="application/json">``: no ``<``, no ``&``."""
        text = json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - the line is the escaping

    def run(self, run_id: str) -> StackData | None:
        """A run by its id."""
        return next((run for run in self.stacks if run.id == run_id), None)

    @property
    def shown(self) -> tuple[StackData, ...]:
        """The runs that open: one per plane, or the one that the film is in."""
        if self.arrangement == "planes":
            return tuple(run for run_id in self.planes.values() if (run := self.run(run_id)))
        return tuple(run for run in self.stacks if any(image.id == self.image for image in run.images))

    @property
    def film(self) -> ImageData | None:
        """The film that is read in a grid; None in planes."""
        return None if self.arrangement == "planes" else self.opening(self.shown[0])

    def opening(self, run: StackData) -> ImageData:
        """The image that a run opens at: the one that the address names; else the slice with the largest score for the shown
        finding, else the middle one."""
        named = next((image for image in run.images if image.id == self.image), None)
        parts = self.prediction.parts if self.prediction else ()
        at = next((part.opens.get(self.finding) for part in parts if part.stack == run.id), None)
        return named or run.stored(len(run.images) // 2 if at is None else at)

    @property
    def odd(self) -> tuple[StackData, ...]:
        """The runs about which there is something to say."""
        return tuple(run for run in self.stacks if run.oddities)

    def explanation(self, method: str, stack: str = "") -> ExplanationData | None:
        """The shown finding's layer by one method, of a stack; of the film where none is named."""
        wanted = (method, stack or self.stack)
        return next((one for one in self.explanations if (one.method, one.stack) == wanted), None)

    def review(self, method: str, stack: str = "") -> ReviewData | None:
        """The verdict in force on one method for the shown finding of a stack, or the film, by the network version that its
        layer is of."""
        layer = self.explanation(method, stack)
        sha256 = layer.model_sha256 if layer else self.prediction.model_sha256 if self.prediction else ""
        wanted = (stack or self.stack, sha256, method, self.finding)
        return next((r for r in self.reviews if (r.stack, r.model_sha256, r.method, r.finding) == wanted), None)
