"""A classifier of exams: the members that read its planes, and the logistic regression that joins what they say.

A member is an ordinary `Classifier` over one stack, so that every explainer works on it; its card is the exam's card cut to the
member's findings.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.classifiers.card import Card
from app.classifiers.classifier import Classifier, versions
from app.classifiers.members import Join, Member
from app.classifiers.stack import StackNetwork
from app.domain import READ_PLANES, Answer, Part, Plane, Score, Series, fingerprint
from app.errors import InputError, NotFound

AT_ONCE = 8
"""Slices that go through an encoder at once where nothing is recorded: more gains nothing on a CPU and takes memory."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one plane for a finding: the logit, every slice's score, and how much each slice weighs; () where the
    network weighs none."""

    logit: float
    scores: tuple[float, ...]
    weights: tuple[float, ...] = ()


Said = dict[str, Told]
"""What is said of one plane, by finding of its members."""


@dataclass(frozen=True, eq=False)
class ExamClassifier:
    """``parts`` are the card's members with their networks, in the card's order."""

    card: Card
    parts: tuple[tuple[Member, Classifier], ...]
    device: torch.device

    def member(self, plane: Plane, finding: str) -> Classifier:
        """The classifier that answers for a finding from one plane; NotFound where the card has none."""
        for member, classifier in self.parts:
            if member.plane == plane and finding in member.findings:
                return classifier
        raise NotFound(
            "The network “%(model)s” does not answer for “%(finding)s” from the %(plane)s plane.",
            {"model": self.card.name, "finding": finding, "plane": plane},
        )

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The planes that it reads, in the order of an exam."""
        return tuple(plane for plane in READ_PLANES if any(member.plane == plane for member, _ in self.parts))

    @torch.inference_mode()
    def predict(self, stacks: Mapping[Plane, Series]) -> Answer:
        """What it says of an exam whose planes are ``stacks``, each a series of one stack's images in their order.

        InputError where none of the planes is one that it reads.
        """
        started = time.perf_counter()
        read = {plane: stacks[plane] for plane in self.planes if plane in stacks}
        if not read:
            raise InputError("The network “%(model)s” reads none of the planes of this exam.", {"model": self.card.name})
        answers = {plane: self._answer(plane, series) for plane, series in read.items()}
        return self._whole({plane: _identity(series) for plane, series in read.items()}, answers, started)

    @torch.inference_mode()
    def again(self, before: Answer, series: Series) -> Answer:
        """What it says of an exam that it has read before when one of its stacks looks otherwise: ``series`` are the images of
        one of the stacks of ``before``, other values in them. The other planes stay what they were, so they are not read again.

        ValueError where ``before`` is not about that stack, or another version's.
        """
        started = time.perf_counter()
        changed = before.part(_identity(series))
        if changed is None or before.model_sha256 != self.card.sha256:
            raise ValueError("only an answer of this network about this stack can be had again")
        answers = {part.plane: _said(part) for part in before.parts}
        answers[changed.plane] = self._answer(changed.plane, series)
        return self._whole({part.plane: part.stack for part in before.parts}, answers, started)

    def _whole(self, stacks: Mapping[Plane, str], answers: Mapping[Plane, Said], started: float) -> Answer:
        """The answer of the whole exam from what is said of its planes; ``stacks`` are the identities of their stacks."""
        logits = {plane: {finding: told.logit for finding, told in own.items()} for plane, own in answers.items()}
        nothing = Told(0.0, ())
        joined = [self._joined(finding, logits) for finding in self.card.findings]
        parts = []
        for plane, stack in stacks.items():
            alone = [self._joined(finding, {plane: logits[plane]}) for finding in self.card.findings]
            pairs = zip(self.card.findings, alone, strict=True)
            each = [answers[plane].get(finding, nothing) for finding in self.card.findings]
            parts.append(
                Part(
                    stack=stack,
                    plane=plane,
                    scores=tuple(_score(f, z, own.logit) for (f, (z, _)), own in zip(pairs, each, strict=True)),
                    contributions=tuple(shares.get(plane, 0.0) for _, shares in joined),
                    slice_scores=tuple(own.scores for own in each),
                    slice_weights=tuple(own.weights for own in each) if any(own.weights for own in each) else (),
                )
            )
        return Answer(
            model=self.card.name,
            model_sha256=self.card.sha256,
            scores=tuple(_score(f, z, z) for f, (z, _) in zip(self.card.findings, joined, strict=True)),
            parts=tuple(parts),
            device=str(self.device),
            versions=versions(),
            seconds=time.perf_counter() - started,
            missing=tuple(plane for plane in self.planes if plane not in stacks),
        )

    def _answer(self, plane: Plane, series: Series) -> Said:
        """What the members of a plane say of its stack."""
        found: Said = {}
        prepared: dict[int, Tensor] = {}
        for member, classifier in self.parts:
            if member.plane != plane:
                continue
            size = classifier.card.input_size
            if size not in prepared:
                prepared[size] = classifier.planes(series)
            network = classifier.network
            assert isinstance(network, StackNetwork)  # noqa: S101 - `loading.load_exam` builds nothing else
            chunks = torch.split(prepared[size], AT_ONCE)
            pooled = torch.cat([network.pooled(classifier.channels(chunk)) for chunk in chunks]).float()
            logits, scores = slice_scores(network, pooled)
            weights = network.weights(pooled)
            for row, finding in enumerate(member.findings):
                own = () if weights is None else tuple(weights[row].tolist())
                found[finding] = Told(float(logits[row]), tuple(scores[row].tolist()), own)
        return found

    def alone(self, plane: Plane, finding: str) -> tuple[float, float]:
        """What an exam that has this plane alone says of a finding: by what the plane's logit is multiplied, and what is added
        to that."""
        join, row = self._join((plane,)), self.card.findings.index(finding)
        return join.weights[row][0], join.bias[row]

    def _joined(self, finding: str, logits: Mapping[Plane, Mapping[str, float]]) -> tuple[float, dict[Plane, float]]:
        """The logit from the planes that answer for a finding, and what each of them adds to it."""
        there = tuple(plane for plane in READ_PLANES if plane in logits and finding in logits[plane])
        if not there:
            return 0.0, {}
        row = self.card.findings.index(finding)
        join = self._join(there)
        shares = {p: w * logits[p][finding] for p, w in zip(join.planes, join.weights[row], strict=True)}
        return sum(shares.values()) + join.bias[row], shares

    def _join(self, planes: tuple[Plane, ...]) -> Join:
        """The card's join of just these planes; their mean where it has none."""
        for join in self.card.joins:
            if set(join.planes) == set(planes):
                return join
        count = len(self.card.findings)
        return Join(planes, ((1 / len(planes),) * len(planes),) * count, (0.0,) * count)


def slice_scores(network: StackNetwork, pooled: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (findings,) and slice scores (findings, slices) from the pooled channels (slices, width): what each slice adds,
    over all of which the logit less its bias is parted."""
    scores = (network.factors(pooled) * pooled).sum(2)
    return scores.sum(1) + network.head.bias, scores


def cut(card: Card, member: Member) -> Card:
    """The card of one member: the exam's, with the member's findings and the layer that explainers read."""
    count = len(member.findings)
    return replace(
        card,
        kind="network",
        parameters=member.parameters,
        findings=member.findings,
        temperature=(1.0,) * count,
        operating_points=(0.5,) * count,
        operating=(),  # of the exam's joined probability
        explained_layer="encoder",
        members=(),
        joins=(),
    )


def _identity(series: Series) -> str:
    """The identity of the stack that a series' images make."""
    return fingerprint((image.sop_instance_uid, image.frame) for image in series.images)


def _said(part: Part) -> Said:
    """What a part says of the findings that it answers for."""
    told = ((score, part.of_slices(score.finding)) for score in part.scores)
    return {score.finding: Told(score.logit, scores, part.weights_of(score.finding)) for score, scores in told if scores}


def _score(finding: str, joined: float, logit: float) -> Score:
    return Score(finding=finding, probability=float(torch.sigmoid(torch.tensor(joined, dtype=torch.float64))), logit=logit)
