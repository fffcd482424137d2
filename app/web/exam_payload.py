"""What the exam page's scripts get: one tree of frozen dataclasses, as JSON in the page and at ``exam/data``.

Shapes only; `exam_filling` fills them. Every sentence in them is in the reader's language already. Nothing here says who the
patient is: that is in the page only.
"""

import json
from dataclasses import asdict, dataclass

from markupsafe import Markup

from app.web.payload import JobData, LutData, MethodData, ModelData, ScoreData, StudyData, Urls, WindowData


@dataclass(frozen=True, slots=True)
class SliceData:
    """One slice: as `app.web.payload.ImageData`, and where it lies: ``position`` and ``axes`` are Image Position (0020,0032)
    and Image Orientation (0020,0037) in mm, None where the header does not say."""

    id: str
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
    orientation: tuple[str, str, str, str]
    position: tuple[float, float, float] | None
    axes: tuple[float, float, float, float, float, float] | None
    pixels_url: str
    thumbnail_url: str


@dataclass(frozen=True, slots=True)
class SaidData:
    """What a reader says of a stack in place of its header, "" for nothing; ``used`` is "yes" or "no"."""

    plane: str
    weighting: str
    used: str


@dataclass(frozen=True, slots=True)
class StackData:
    """One stack: ``id`` is its public id. ``plane`` by `app.domain.Plane`; ``title`` says plane and
    weighting, ``listed`` all that tells it from the others. ``windows`` are the header's, one for the whole stack.
    ``oddities`` are sentences; ``used``: what a network reads of its plane. ``between`` is in mm. ``space`` is one for all
    stacks of one frame of reference (0020,0052), "" where the files do not say: places compare only within one."""

    id: str
    series: str
    plane: str
    weighting: str
    localizer: bool
    used: bool
    title: str
    listed: str
    description: str
    said: SaidData
    between: float | None
    windows: tuple[WindowData, ...]
    oddities: tuple[str, ...]
    images: tuple[SliceData, ...]
    space: str


@dataclass(frozen=True, slots=True)
class PlaneData:
    """What the network said of one stack: its own scores, what it adds to the exam's logits, a score per slice, and at which
    slice (from 0) it opens; the last three by finding."""

    stack: str
    plane: str
    name: str
    scores: tuple[ScoreData, ...]
    contributions: dict[str, float]
    slice_scores: dict[str, tuple[float, ...]]
    opens: dict[str, int]

    def score(self, finding: str) -> ScoreData | None:
        """Its own answer for a finding."""
        return next((score for score in self.scores if score.finding == finding), None)


@dataclass(frozen=True, slots=True)
class ExamPredictionData:
    """What the chosen network says of the exam, findings in its own order; ``missing`` names the planes that it reads and the
    exam does not have."""

    id: str
    model: str
    title: str
    model_sha256: str
    device: str
    seconds: float
    scores: tuple[ScoreData, ...]
    planes: tuple[PlaneData, ...]
    missing: tuple[str, ...]

    @property
    def strongest(self) -> float:
        """The largest contribution of any plane to any finding, by size: what bars are drawn against."""
        return max((abs(value) for plane in self.planes for value in plane.contributions.values()), default=0.0) or 1.0


@dataclass(frozen=True, slots=True)
class StackExplanationData:
    """One method's maps of one stack: ``values_url`` gives slices × height × width little-endian float32, every slice's over
    ``extent`` of its image; ``min`` and ``max`` hold for the whole stack, ``mass`` is each slice's positive relevance."""

    id: str
    stack: str
    model: str
    model_sha256: str
    method: str
    finding: str
    kind: str
    scale: str
    state: str
    state_text: str
    signed: bool
    slices: int
    width: int
    height: int
    extent: tuple[float, float, float, float]
    min: float
    max: float
    mass: tuple[float, ...]
    values_url: str
    notes: tuple[str, ...]
    conservation_error: float | None


@dataclass(frozen=True, slots=True)
class ExamData:
    """Everything the exam page's scripts know. ``planes`` names the stack that opens for each plane, "" for a missing one;
    ``banner`` is what the network's card warns of; ``reviews`` are those of the exam, as the address of reviews gives them."""

    study: StudyData
    stacks: tuple[StackData, ...]
    planes: dict[str, str]
    models: tuple[ModelData, ...]
    model: str
    banner: str
    prediction: ExamPredictionData | None
    finding: str
    methods: tuple[MethodData, ...]
    explanations: tuple[StackExplanationData, ...]
    reviews: tuple[dict[str, object], ...]
    job: JobData | None
    verdicts: tuple[str, ...]
    reasons: tuple[str, ...]
    urls: Urls
    strings: dict[str, str]

    def json(self) -> Markup:
        """The tree as JSON that is safe inside a ``<script type="application/json">``: no ``<``, no ``&``."""
        text = json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - the line is the escaping

    def stack(self, stack_id: str) -> StackData | None:
        """A stack by its id."""
        return next((stack for stack in self.stacks if stack.id == stack_id), None)

    @property
    def shown(self) -> tuple[StackData, ...]:
        """The stacks that open, one per plane."""
        return tuple(stack for stack_id in self.planes.values() if (stack := self.stack(stack_id)))

    def opening(self, stack: StackData) -> SliceData:
        """The slice a stack opens at: the one with the largest score for the shown finding, else the middle one."""
        planes = self.prediction.planes if self.prediction else ()
        at = next((plane.opens[self.finding] for plane in planes if plane.stack == stack.id), len(stack.images) // 2)
        return stack.images[at]

    @property
    def odd(self) -> tuple[StackData, ...]:
        """The stacks about which there is something to say."""
        return tuple(stack for stack in self.stacks if stack.oddities)
