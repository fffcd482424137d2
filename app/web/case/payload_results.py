"""The part of the case page's payload that says what was said of the stacks: answers, layers, verdicts."""

from dataclasses import dataclass

from app.web.evidence import EvidenceData
from app.web.regions import LocalisationData, ShapeData


@dataclass(frozen=True, slots=True)
class ModelData:
    """A network that may read what is shown; ``eligible`` is False for one that nothing in the header speaks for."""

    name: str
    title: str
    eligible: bool


@dataclass(frozen=True, slots=True)
class ScoreData:
    """One finding by its standard name and in the reader's language, its calibrated probability in [0, 1] and its logit.

    ``called``: the probability reaches the operating point, which is at ``point``; ``card`` is where the network's card has it,
    None where it has none, ``moved`` whether the reader moved it. ``weighs``: it is likely enough for it to count that methods
    disagree on it. A part of an exam calls nothing by itself: all five say so by None or False there."""

    finding: str
    label: str
    probability: float
    logit: float
    called: bool = False
    point: float | None = None
    card: float | None = None
    moved: bool = False
    weighs: bool = False


@dataclass(frozen=True, slots=True)
class PartData:
    """What the network said of one stack. Of an exam's: its own scores, what it adds to the exam's logits, a score per slice,
    how much each slice weighs (empty where the network weighs none), and at which slice (from 0) it opens; the last four by
    finding, empty on a film."""

    stack: str
    plane: str
    name: str
    scores: tuple[ScoreData, ...]
    contributions: dict[str, float]
    slice_scores: dict[str, tuple[float, ...]]
    slice_weights: dict[str, tuple[float, ...]]
    opens: dict[str, int]

    def score(self, finding: str) -> ScoreData | None:
        """Its own answer for a finding."""
        return next((score for score in self.scores if score.finding == finding), None)


@dataclass(frozen=True, slots=True)
class PredictionData:
    """What the chosen network says: of a film the most probable finding first, of an exam in the network's order. ``banner`` is
    its card's warning, ``missing`` names the planes that it reads and the exam does not have."""

    id: str
    model: str
    title: str
    model_sha256: str
    device: str
    seconds: float
    banner: str
    scores: tuple[ScoreData, ...]
    parts: tuple[PartData, ...]
    missing: tuple[str, ...]

    @property
    def strongest(self) -> float:
        """The largest contribution of any part to any finding, by size: what bars are drawn against."""
        return max((abs(value) for part in self.parts for value in part.contributions.values()), default=0.0) or 1.0


@dataclass(frozen=True, slots=True)
class AnatomyData:
    """What the network ``model`` measured of the shown film's anatomy: ``lines`` are names and what is said of them,
    ``reasons`` sentences why something could not be measured; ``ratio`` is the cardiothoracic ratio, None where there is none.
    """

    model: str
    title: str
    lines: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    ratio: float | None


@dataclass(frozen=True, slots=True)
class InspectionData:
    """What the guard of the chosen network says of the shown image: ``verdict`` is "ok", "warned" or "refused". ``stopped``: it
    was not read. ``insisted``: it was refused and read all the same, because somebody asked for that. ``guard`` has a card.
    ``remarks`` keep nobody from reading; ``field`` is the exposed rectangle that alone is read (top, left, bottom, right in
    pixels), None where that is the whole image."""

    guard: str
    verdict: str
    reasons: tuple[str, ...]
    stopped: bool
    insisted: bool
    remarks: tuple[str, ...]
    field: tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class MethodData:
    """What can lie over a stack, by the name under which its layers are told: a method of ours, or one layer of other software
    (``imported``), which is not asked for maps. ``kind`` by `app.domain.LayerKind`; ``signed``: coloured on both sides of zero;
    ``caution``: what its pane warns of; ``ends``: what the upper and the lower end of its colours mean, "" where an end needs
    no word; ``influence``: these are no evidence for and against. ``of``: the title of the method that it is a variant of, ""
    for none. ``prior``: the layer that shows alone what its map weighs, "" for none."""

    name: str
    title: str
    imported: bool
    kind: str
    signed: bool
    summary: str
    caution: str
    ends: tuple[str, str]
    influence: bool
    of: str = ""
    prior: str = ""


@dataclass(frozen=True, slots=True)
class GlimpseData:
    """One glimpse of a network that sees by glimpses: the lines of its ``fine`` and ``coarse`` window and of the ``way`` from
    the one before, each from point to point in pixels of the image, and the ``probability`` of the layer's finding after it.
    """

    fine: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    coarse: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    way: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    probability: float


@dataclass(frozen=True, slots=True)
class LooksData:
    """What a network that looks twice says by the whole film alone and by the crop alone: two probabilities by finding."""

    by_finding: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ChangeableData:
    """A finding whose answer can be changed on the shown film or exam, by which ``ways``, the better first, and in which
    ``directions``: less (−1) of it, more (1)."""

    finding: str
    label: str
    ways: tuple[str, ...]
    directions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DrawingData:
    """How a map is drawn unless the reader says otherwise: `app.render.Known`, and the share of its opacity that it gets
    where fading is on."""

    high: float | None
    evened: float | None
    source: str
    probability: float | None
    strength: float
    sigma: float
    pixels: float


@dataclass(frozen=True, slots=True)
class ExplanationData:
    """One layer of one stack: ``values_url`` gives slices × height × width little-endian float32, raw, to be read by its
    ``scale``, every slice's over ``extent`` (left, top, right, bottom) in pixels of its image; it is drawn over ``reach``, its
    outermost cells held up to there.

    ``min`` and ``max`` hold for the whole stack, ``mass`` is the positive part of each slice. ``state`` is "ok", or
    ``state_text`` says why there is no picture. ``model`` and ``model_sha256``: the network that it is of, the one that is
    shown or other software's. ``overlay_url`` is a picture by the server, of the slice that opens. ``names`` are those of
    classes, by number. A layer that is about no finding stands under the one that is shown. ``drawing``: how it is drawn;
    ``rules``: lines on the film that belong to it, each from point to point in pixels of the image; ``moves``: where it shows
    what lies at (x, y) of the film, [a, b, c, d, e, f] with X = a·x + b·y + e and Y = c·x + d·y + f, None: in its place.
    ``evidence``: where its positive part lies, null where nobody told. ``path``: the glimpses that it is the sum of, empty for
    other layers; ``frame``: lines as those of ``rules`` that no length is told of.
    """

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
    reach: tuple[float, float, float, float]
    min: float
    max: float
    mass: tuple[float, ...]
    values_url: str
    overlay_url: str
    names: dict[str, str]
    notes: tuple[str, ...]
    conservation_error: float | None
    drawing: DrawingData
    rules: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()
    evidence: EvidenceData | None = None
    moves: tuple[float, float, float, float, float, float] | None = None
    path: tuple[GlimpseData, ...] = ()
    frame: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewData:
    """A verdict in force on one layer × finding of one stack, with the version of the network it was given about.

    ``regions`` has the true region's shapes by the image they were drawn on, null without one. ``measures`` has what the server
    computed of every method's map against it, by method. ``doubtful``: it may have been given on other slices.
    """

    id: str
    stack: str
    model: str
    model_sha256: str
    method: str
    finding: str
    verdict: str
    reason: str
    comment: str
    regions: dict[str, tuple[ShapeData, ...]] | None
    measures: dict[str, LocalisationData]
    created_at: str
    doubtful: bool
