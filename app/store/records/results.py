"""Stacks, and what is said of them: answers, layers, agreements, verdicts; rulers on images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.domain import Annotation, Answer, Evidence, Extent, LayerKind, Patient, Plane, Producer, Region, Review, Scale
from app.store.records.studies import Values


@dataclass(frozen=True, slots=True)
class OddityRow:
    """Something about a stack that a reader should know: an English sentence with its values."""

    template: str
    values: Values = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """What a reader says of a stack in place of its header; None: as the header says."""

    plane: Plane | None = None
    weighting: str | None = None
    used: bool | None = None


@dataclass(frozen=True, slots=True)
class StackRow:
    """A stack: its images in order, by their ids. A film is a stack of one.

    ``plane`` and ``weighting`` are the header's, or what ``correction`` says in place of them; ``between`` is the distance of
    neighbours in mm, None where it is not known. One that is not ``current`` is an earlier state of its series, kept with all
    that was said of it. ``doubtful``: it was carried over from a database that knew stacks by their number, and what was said
    of it may have been said of other slices.
    """

    id: str
    study_id: str
    series_id: str
    fingerprint: str
    number: int
    plane: Plane
    weighting: str
    localizer: bool
    between: float | None
    oddities: tuple[OddityRow, ...]
    images: tuple[str, ...]
    current: bool
    doubtful: bool
    correction: CorrectionRow
    created_at: datetime
    superseded_at: datetime | None

    @property
    def used(self) -> bool | None:
        """A reader's word on whether networks read it; None: nobody said."""
        return self.correction.used


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One version of a network that said something here. ``imported``: somebody else's, whose results were taken in."""

    id: str
    name: str
    sha256: str
    title: str
    version: str
    imported: bool
    layers: int
    studies: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A stored answer; one per network version and the stacks that it read. ``stacks`` are their ids in the order of the
    answer's parts; ``current``: all of them are what their series are now."""

    id: str
    study_id: str
    stacks: tuple[str, ...]
    answer: Answer
    current: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class LayerRow:
    """A stored layer without its values: the blob ``values_sha256`` holds ``slices * height * width`` little-endian float32.
    ``minimum`` and ``maximum`` are of the whole stack, ``mass`` is the positive part of every slice. ``values_sha256`` is None
    where the picture is no longer there."""

    id: str
    study_id: str
    stack_id: str
    kind: LayerKind
    scale: Scale
    unit: str
    finding: str
    producer: Producer
    model: str
    model_sha256: str
    state: str
    slices: int
    height: int
    width: int
    extent: Extent
    minimum: float
    maximum: float
    mass: tuple[float, ...]
    names: Mapping[int, str]
    versions: Mapping[str, str]
    device: str
    seconds: float
    total: float | None
    conservation_error: float | None
    padding: float | None
    notes: tuple[str, ...]
    values_sha256: str | None
    created_at: datetime
    figures: Mapping[str, float] = field(default_factory=dict)
    evidence: Evidence | None = None

    @property
    def method(self) -> str:
        """The producer's name."""
        return self.producer.name

    @property
    def signed(self) -> bool:
        """Whether it has two sides of zero."""
        return self.scale == "signed"


@dataclass(frozen=True, slots=True)
class AgreementKey:
    """What methods may agree on: one finding of one stack, beside one version of a network."""

    study_id: str
    stack_id: str
    model: str
    model_sha256: str
    finding: str


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """How far ``methods`` agree on one finding of one stack; the figures are those of `app.evaluation.agreement`, means over
    all pairs, and None where fewer than two methods could be compared."""

    id: str
    key: AgreementKey
    methods: tuple[str, ...]
    rank: float | None
    overlap: float | None
    disagreement: float | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A stored verdict on a layer; ``image_id`` is the slice that stands for the stack, ``withdrawn_at`` is set when its
    reader took it back. ``doubtful``: carried over, and perhaps given about other slices. ``gone``: the layer's picture is no
    longer there. ``imported``: other software's layer, whose ``model`` is none that runs here."""

    id: str
    study_id: str
    layer_id: str
    stack_id: str
    image_id: str
    kind: LayerKind
    model: str
    model_sha256: str
    method: str
    finding: str
    review: Review
    doubtful: bool
    gone: bool
    imported: bool
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class AnnotationRow:
    """A stored ruler; ``withdrawn_at`` is set when its reader removed it."""

    id: str
    study_id: str
    image_id: str
    annotation: Annotation
    changed_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where something on an image comes from, for joining exports with other tables: the UIDs of study, series and image, and
    the name of the file that it came in."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    frame: int
    file: str


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One verdict in force with the study and the stack it belongs to. ``row.image_id``, of ``rows`` × ``columns`` pixels, is
    what stands for the stack; ``images`` are those of the slices that have a region, by place.

    ``probability`` is what the network said of the finding, ``disagreement`` how far the methods disagree on it; None where
    they are gone or not known. ``slices`` counts those of the stack, ``current`` whether it is what its series is now.
    ``labelled`` is the newest cohort with a row about it, and what that row calls it; empty where there is none.
    """

    row: ReviewRow
    series_id: str
    rows: int
    columns: int
    patient: Patient
    date: str
    accession: str
    description: str
    modality: str
    phantom: bool
    plane: Plane
    slices: int
    current: bool
    images: Mapping[int, str]
    provenance: Provenance
    probability: float | None
    disagreement: float | None
    labelled: tuple[str, str] = ("", "")

    @property
    def regions(self) -> Mapping[str, Region]:
        """The true region by the id of the image it was drawn on; empty without one."""
        return {self.images[place]: region for place, region in self.row.review.regions.items() if place in self.images}
