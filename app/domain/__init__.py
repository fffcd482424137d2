"""What the product talks about: studies, stacks, answers, layers, reviews.

Knows numpy and nothing else. Every value is frozen and every array in it is read-only, so a value can be handed to another
thread without a copy or a lock.
"""

from app.domain.annotations import ANNOTATIONS, Annotation, AnnotationKind
from app.domain.answers import FINDINGS, KNEE_FINDINGS, NO_FINDING, Answer, Part, Score
from app.domain.arrays import Scalar, frozen
from app.domain.bins import Bin
from app.domain.edits import AREAS, FILLS, Area, AreaKind, Edit, Fill, Point
from app.domain.evidence import Evidence, Share
from app.domain.extent import Extent
from app.domain.images import LATERAL_VIEWS, Image, Patient, Series, Study, VoiLut, Window
from app.domain.inspections import Admission, Inspection, Mark
from app.domain.layers import SCALES, Layer, LayerKind, Parameters, Producer, ProducerKind, Scale, joined
from app.domain.opinions import OPINIONS, OUTCOMES, Opinion, Outcome, outcome
from app.domain.points import HALF, OperatingPoint
from app.domain.reviews import (
    EVERY_REASON,
    EXAM_REASONS,
    REASONS,
    SHAPES,
    VERDICTS,
    Localisation,
    Region,
    Review,
    Shape,
    ShapeKind,
    Verdict,
)
from app.domain.stacks import PLANES, READ_PLANES, Member, Plane, fingerprint

__all__ = [
    "ANNOTATIONS",
    "AREAS",
    "EVERY_REASON",
    "EXAM_REASONS",
    "FILLS",
    "FINDINGS",
    "HALF",
    "KNEE_FINDINGS",
    "LATERAL_VIEWS",
    "NO_FINDING",
    "OPINIONS",
    "OUTCOMES",
    "PLANES",
    "READ_PLANES",
    "REASONS",
    "SCALES",
    "SHAPES",
    "VERDICTS",
    "Admission",
    "Annotation",
    "AnnotationKind",
    "Answer",
    "Area",
    "AreaKind",
    "Bin",
    "Edit",
    "Evidence",
    "Extent",
    "Fill",
    "Image",
    "Inspection",
    "Layer",
    "LayerKind",
    "Localisation",
    "Mark",
    "Member",
    "OperatingPoint",
    "Opinion",
    "Outcome",
    "Parameters",
    "Part",
    "Patient",
    "Plane",
    "Point",
    "Producer",
    "ProducerKind",
    "Region",
    "Review",
    "Scalar",
    "Scale",
    "Score",
    "Series",
    "Shape",
    "ShapeKind",
    "Share",
    "Study",
    "Verdict",
    "VoiLut",
    "Window",
    "fingerprint",
    "frozen",
    "joined",
    "outcome",
]
