"""What a network says: a score per finding, and the part that each stack it read has in them. A film has one part."""

from dataclasses import dataclass, field

import numpy as np

from app.domain.stacks import Plane

FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip
"""The fourteen findings of NIH ChestX-ray14, by NIH's names (Wang et al. 2017); the first eight have boxes."""

NO_FINDING = "No Finding"
"""NIH's name for a film on which none of the fourteen was reported; networks may answer for it as for a finding."""

KNEE_FINDINGS = ("abnormality", "ACL tear", "meniscal tear")
"""The three tasks of MRNet (Bien et al. 2018), by the paper's names."""


@dataclass(frozen=True, slots=True)
class Score:
    """One finding's answer: the logit, and the calibrated probability in [0, 1]."""

    finding: str
    probability: float
    logit: float


@dataclass(frozen=True, slots=True)
class Part:
    """What a network said of one stack.

    ``stack`` is its `app.domain.stacks.fingerprint`, ``plane`` what it was read as ("" on a film). ``scores`` are the stack's
    own, one per finding; ``contributions``: what it adds to the answer's logit per finding, in logits (on a film, its logit).
    ``slice_scores[finding][slice]``: a slice's part of the stack's logit, Σ over the channels k whose maximum over the stack
    lies in that slice of w_k f̄_k; over all slices they sum to the logit without its bias. Empty where a network scores no
    slices, or the part does not answer for the finding. Where a network weighs its slices besides, their weighed part is in it.
    ``slice_weights[finding][slice]``: how much a slice weighs, in [0, 1] and together 1; empty where a network weighs none.
    """

    stack: str
    plane: Plane
    scores: tuple[Score, ...]
    contributions: tuple[float, ...]
    slice_scores: tuple[tuple[float, ...], ...] = ()
    slice_weights: tuple[tuple[float, ...], ...] = ()

    def of_slices(self, finding: str) -> tuple[float, ...]:
        """Every slice's score for a finding; empty where there is none."""
        return self._of(self.slice_scores, finding)

    def weights_of(self, finding: str) -> tuple[float, ...]:
        """Every slice's weight for a finding; empty where there is none."""
        return self._of(self.slice_weights, finding)

    def _of(self, rows: tuple[tuple[float, ...], ...], finding: str) -> tuple[float, ...]:
        names = [score.finding for score in self.scores]
        return rows[names.index(finding)] if rows and finding in names else ()

    def opens_at(self, finding: str) -> int | None:
        """The slice with the largest score for a finding, from 0, the first of equals; None where no slice was scored."""
        scores = self.of_slices(finding)
        return int(np.argmax(scores)) if scores else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one network said about one film or one exam, and on what it ran. ``missing`` are the planes that the network reads
    and the exam does not have."""

    model: str
    model_sha256: str
    scores: tuple[Score, ...]
    parts: tuple[Part, ...]
    device: str
    versions: dict[str, str] = field(hash=False)
    seconds: float = 0.0
    missing: tuple[Plane, ...] = ()

    @classmethod
    def of_film(
        cls,
        stack: str,
        *,
        model: str,
        model_sha256: str,
        scores: tuple[Score, ...],
        device: str,
        versions: dict[str, str],
        seconds: float = 0.0,
    ) -> "Answer":
        """The answer about a film, whose one part says what the whole says."""
        part = Part(stack, "", scores, tuple(score.logit for score in scores))
        return cls(model, model_sha256, scores, (part,), device, versions, seconds)

    @property
    def stacks(self) -> tuple[str, ...]:
        """The fingerprints of the stacks that were read, in the order of the parts."""
        return tuple(part.stack for part in self.parts)

    def score(self, finding: str) -> Score | None:
        """The score of a finding; None for one the network does not know."""
        return next((score for score in self.scores if score.finding == finding), None)

    def part(self, stack: str) -> Part | None:
        """What was said of one stack."""
        return next((part for part in self.parts if part.stack == stack), None)

    def top(self) -> Score:
        """The finding with the highest probability; "no finding" is none, unless the network knows nothing else."""
        positive = [score for score in self.scores if score.finding != NO_FINDING]
        return max(positive or self.scores, key=lambda score: score.probability)
