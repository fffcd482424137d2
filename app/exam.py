"""An exam of stacks: what a knee MRI is made of, and what a network of three planes says of it.

Knows the domain and numpy. A stack is what a reader scrolls and a network reads at once: parallel slices of one series, of
one size and one echo, in the order in which they lie along their normal. A series is one stack, or several (a localizer of
three planes, a series of two echoes). Every value is frozen and every array in it read-only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.domain import Explanation, Extent, Measures, Region, Score, Verdict

Plane = Literal["sagittal", "coronal", "axial", "oblique", ""]
"""Where a stack's slices lie; "oblique" where no plane is near, the empty string where the header does not say."""

READ_PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""The planes of an exam, in the order in which they are shown."""

FINDINGS = ("abnormality", "ACL tear", "meniscal tear")
"""The three tasks of MRNet (Bien et al. 2018), by the paper's names."""


@dataclass(frozen=True, slots=True)
class StackKey:
    """Which stack: the series' UID (0020,000E), and the stack's number among those of its series, from 0."""

    series_uid: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class PlaneAnswer:
    """What the part of a network that reads one plane said of one stack.

    ``scores`` are the plane's own, one per finding. ``contributions``: what the plane adds to the exam's logit per finding,
    in logits: its weight in the logistic regression times its logit. ``slice_scores[finding][slice]``: a slice's part of the
    plane's logit, Σ over the channels k whose maximum over the stack lies in that slice of w_k f̄_k; over all slices they sum
    to the logit without its bias.
    """

    stack: StackKey
    plane: Plane
    scores: tuple[Score, ...]
    contributions: tuple[float, ...]
    slice_scores: tuple[tuple[float, ...], ...]

    def opens_at(self, finding: str) -> int:
        """The slice with the largest score for a finding, from 0; the first of equals."""
        row = next(i for i, score in enumerate(self.scores) if score.finding == finding)
        return int(np.argmax(self.slice_scores[row]))


@dataclass(frozen=True, slots=True)
class ExamPrediction:
    """What one network said about one exam: a probability per finding, and each plane's share in it. ``missing`` are the planes
    that the network reads and the exam does not have."""

    study_uid: str
    model: str
    model_sha256: str
    scores: tuple[Score, ...]
    planes: tuple[PlaneAnswer, ...]
    missing: tuple[Plane, ...]
    device: str
    versions: dict[str, str] = field(hash=False)
    seconds: float = 0.0

    def top(self) -> Score:
        """The finding with the highest probability."""
        return max(self.scores, key=lambda score: score.probability)


@dataclass(frozen=True, slots=True, eq=False)
class StackExplanation:
    """One method's maps for one finding over one stack: as `app.domain.Explanation`, with ``values`` float32
    (slices, height, width); every slice's map covers ``extent`` of its image."""

    study_uid: str
    stack: StackKey
    plane: Plane
    model: str
    model_sha256: str
    method: str
    finding: str
    values: NDArray[np.float32]
    extent: Extent
    state: str
    signed: bool
    parameters: dict[str, str | float | int | bool]
    versions: dict[str, str]
    device: str
    seconds: float = 0.0
    total: float | None = None
    conservation_error: float | None = None
    notes: tuple[str, ...] = ()

    def mass(self) -> tuple[float, ...]:
        """The positive part of every slice's map, summed: how the relevance is spread over the stack."""
        positive: NDArray[np.float64] = np.maximum(self.values, 0).sum(axis=(1, 2), dtype=np.float64)
        return tuple(positive.tolist())

    def of_slice(self, place: int, sop_instance_uid: str, frame: int) -> Explanation:
        """The map of one slice, from 0, as a map of its image; the relevance of the whole stack is not its own."""
        return Explanation(
            sop_instance_uid=sop_instance_uid,
            frame=frame,
            model=self.model,
            model_sha256=self.model_sha256,
            method=self.method,
            finding=self.finding,
            values=self.values[place],
            extent=self.extent,
            state=self.state,
            signed=self.signed,
            parameters=self.parameters,
            versions=self.versions,
            device=self.device,
            seconds=self.seconds,
            notes=self.notes,
        )


@dataclass(frozen=True, slots=True)
class ExamReview:
    """One reader's verdict on one method × finding of one stack, with the network's version it was given about.

    ``region`` is the true region, slice by slice, under the ids of the slices' images; None without one. ``shown`` is the id of
    the image that stands for the stack: a slice of the region, or the one at which the stack opens. ``measures`` has every
    method whose maps were there when the region was stored, by name, each over the whole stack.
    """

    study_uid: str
    stack: StackKey
    plane: Plane
    shown: str
    model: str
    model_sha256: str
    method: str
    finding: str
    verdict: Verdict
    reason: str
    comment: str
    region: Mapping[str, Region] | None = field(hash=False)
    reader: str
    created_at: datetime
    measures: Mapping[str, Measures] = field(default_factory=dict, hash=False)
