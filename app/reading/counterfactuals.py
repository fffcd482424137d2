"""What would have to change on a film for another answer, and what everybody says of it: the explained network, its referees,
the cardiothoracic ratio or the costophrenic recess; and why it may not convince."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.anatomy import Ratio, recess
from app.classifiers.card import Card
from app.classifiers.measured import Gap
from app.counterfactuals import there
from app.counterfactuals.edit import STRONGEST, Edit, at_strengths, edited
from app.counterfactuals.stacks import StackEdit
from app.counterfactuals.there import Way
from app.domain import Answer, Image, Series
from app.errors import ModelError
from app.evaluation import counterfactual as figures
from app.grey import grey, resample
from app.reading.lying import Lie

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded
    from app.counterfactuals.shifting import Shifted

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, STRONGEST)
"""What the networks are asked at; 1 is what was made, and what figures are of."""
ONE = STRENGTHS.index(1.0)
ENOUGH = 512
"""Pixels along a film's longer side that its recesses are looked at in."""
INSIDE = 0.5
"""A change of which less lies within the finding's limit lies elsewhere."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a network said of the finding at every one of `STRENGTHS`: logits and probabilities. ``gap``: its distance between
    called and normal films, in logits; NaN where nobody measured it. ``referee``: it guided nobody. ``shared``: it learned
    from patients whom the explained network learned from too. ``plane``: of an exam, the plane that alone says it."""

    card: Card
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    gap: float
    referee: bool
    shared: bool
    plane: str = ""

    @property
    def moved(self) -> tuple[float, ...]:
        """By how many of its gaps its answer has moved at every strength."""
        return tuple((logit - self.logits[0]) / self.gap for logit in self.logits)


@dataclass(frozen=True, slots=True)
class Before:
    """A measure on the film, on the counterfactual, and after a control edit of the same size elsewhere."""

    film: float
    edited: float
    control: float


@dataclass(frozen=True, slots=True, eq=False)
class Counterfactual:
    """One film's or one stack's. A generator makes one ``edit``, laid on more or less strongly; a shift has ``frames``.
    ``answers``: what the explained network said of the film or the whole exam, and of the counterfactual; ``said``: what it
    and its referees said of the finding. ``pixels``: share that changed, of the slices that may be changed; ``inside``: how
    much of the change lies within the finding's limit, NaN where it has none. ``ratio``: the cardiothoracic ratio; ``recess``:
    how white the costophrenic recess is; each None where it is not asked about or cannot be measured. ``doubts``: why it may
    not convince, of `DOUBTS`."""

    way: Way
    finding: str
    direction: int
    edit: Edit | StackEdit
    frames: "Shifted | None"
    answers: tuple[Answer, Answer]
    said: tuple[Said, ...]
    pixels: float
    inside: float
    ratio: Before | None
    recess: Before | None
    doubts: tuple[str, ...]
    device: str
    seconds: float


FLIP, ALONE, ELSEWHERE = "no flip", "alone", "something else"
MUCH, OUTSIDE, SEEN, DRAWN, UNREACHED = "much", "outside", "seen through", "reconstruction", "not reached"
DOUBTS = (FLIP, ALONE, ELSEWHERE, MUCH, OUTSIDE, SEEN, DRAWN, UNREACHED)
"""The answer does not flip; referees do not follow, or move far more; too much changed; outside the finding's limit; a critic
takes it for edited; drawing the film anew moves the answer already; the answer was not reached."""


def counterfactual(
    loaded: "Loaded", card: Card, series: Series, finding: str, *, way: str = "", direction: int = 0
) -> Counterfactual:
    """What would have to change on the one image of a series for the network of ``card`` to say less (−1) or more (+1) of a
    finding; 0: what is healthier where it calls the finding, and the other way where it does not. A shift knows one direction.

    InputError where no way to it is there; ModelError where a network cannot be loaded or nothing tells how the chest lies.
    """
    started = time.perf_counter()
    chosen = there.chosen(loaded.registry, card, finding, way)
    (image,) = series.images
    lie = Lie.of(loaded, card, image)
    if lie is None:
        raise ModelError("No network here tells how the chest lies on the films of “%(name)s”.", {"name": card.name})
    film = replace(series, images=(lie.image,))
    (before,) = loaded.get(card).predict(film)
    asked = Asked(loaded, card, film, lie, finding, before)
    made = asked.generated(direction) if chosen == "generator" else asked.shifted()
    return replace(asked.judged(made), seconds=time.perf_counter() - started)


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What is made of a film, before anybody judged it; ``inside`` as of `Counterfactual`."""

    way: Way
    direction: int
    edit: Edit
    frames: "Shifted | None" = None
    limit: NDArray[np.float32] | None = None

    def at(self, image: Image, strengths: Sequence[float]) -> Iterator[Image]:
        """The film at some strengths."""
        if self.frames is None:
            return at_strengths(image, self.edit, strengths)
        return (edited(image, self.frames.edit(strength)) if strength else image for strength in strengths)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A film, a finding, and what the explained network said of the film."""

    loaded: "Loaded"
    card: Card
    film: Series
    lie: Lie
    finding: str
    before: Answer

    @property
    def image(self) -> Image:
        """The film's."""
        return self.lie.image

    def generated(self, direction: int) -> Made:
        """By the generator."""
        from app.counterfactuals.generating import Generating  # noqa: PLC0415 - it imports torch, which listing must not

        card = self.loaded.registry.counterfactual(self.card)
        score = self.before.score(self.finding)
        assert card is not None  # noqa: S101 - `there.chosen` saw it
        assert score is not None  # noqa: S101 - and that the network answers for it
        healthier = figures.HEALTHIER.get(self.finding, -1)
        called = score.probability >= self.card.point(self.finding)
        wanted = direction or (healthier if called == (healthier < 0) else -healthier)
        generating = Generating.of(self.loaded.get(card))
        edit = generating.edit(self.image, self.finding, wanted, score.logit, self.lie.segmented)
        return Made("generator", wanted, edit, limit=generating.limit(self.image, self.finding, self.lie.segmented))

    def shifted(self) -> Made:
        """In the latent space of the autoencoder."""
        from app.counterfactuals.shifting import read_ways, shift  # noqa: PLC0415 - as above

        encoder = self.loaded.registry.autoencoder(self.card)
        assert encoder is not None  # noqa: S101 - `there.chosen` saw it
        way = read_ways(self.card, encoder)[self.finding]
        network, finding = self.loaded.get(self.card), self.finding
        found = shift(self.loaded.get(encoder), network, self.image, finding, way.along, goal=way.goal, gap=way.gap)
        return Made("shift", 1 if way.goal > found.answers[0] else -1, found.edit(), found)

    def judged(self, made: Made) -> Counterfactual:
        """What everybody says of it."""
        films = [replace(self.film, images=(image,)) for image in made.at(self.image, STRENGTHS)]
        after = [self.before, *self.loaded.get(self.card).predict_films(films[1:])]
        said = (self._said(self.card, after), *self._referees(films))
        change = np.abs(grey(films[ONE].images[0]) - grey(self.image))
        span = made.edit.white - made.edit.black
        pixels = float((change > figures.CHANGED * span).mean())
        inside = float("nan") if made.limit is None else figures.share_inside(change, made.limit)
        doubts = tuple(self._doubts(made, said, pixels, inside, films[ONE]))
        return Counterfactual(
            way=made.way,
            finding=self.finding,
            direction=made.direction,
            edit=made.edit,
            frames=made.frames,
            answers=(self.before, after[ONE]),
            said=said,
            pixels=pixels,
            inside=inside,
            ratio=self._ratio(made, films[ONE].images[0]) if self.finding == "Cardiomegaly" else None,
            recess=self._recess(made, films[ONE].images[0]) if self.finding == "Effusion" and self.card.phantom else None,
            doubts=doubts,
            device=self.before.device,
            seconds=0.0,
        )

    def _referees(self, films: Sequence[Series]) -> "list[Said]":
        cards = [card for card in self.loaded.registry.referees(self.card) if self.finding in card.findings]
        return [self._said(card, self.loaded.get(card).predict_films(films)) for card in cards]

    def _said(self, card: Card, answers: Sequence[Answer]) -> Said:
        scores = [score for answer in answers if (score := answer.score(self.finding)) is not None]
        row = self._row(card)
        learned = {source.name for source in card.data}
        shared = not card.phantom and bool(learned & {source.name for source in self.card.data})
        return Said(
            card=card,
            logits=tuple(score.logit for score in scores),
            probabilities=tuple(score.probability for score in scores),
            gap=row.gap if row else float("nan"),
            referee=card.name != self.card.name,
            shared=shared and card.name != self.card.name,
        )

    def _row(self, card: Card) -> Gap | None:
        return gap_of(self.loaded.registry.counterfactual(self.card), card, self.finding)

    def _doubts(self, made: Made, said: Sequence[Said], pixels: float, inside: float, film: Series) -> Iterator[str]:
        own, row = said[0], self._row(self.card)
        score = own.probabilities[ONE] - self.card.point(self.finding)
        flipped = made.direction * score > 0
        if row is not None:
            after = np.array([own.logits[ONE]])
            flipped = bool(figures.flipped(after, row.point, row.spread, made.direction)[0])
        if not flipped:
            yield FLIP
        ratios = [one.moved[ONE] / own.moved[ONE] for one in said[1:] if abs(own.moved[ONE]) >= figures.STILL]
        if any(ratio < figures.ALONE for ratio in ratios):
            yield ALONE
        if any(ratio > figures.OTHER for ratio in ratios):
            yield ELSEWHERE
        if pixels > figures.most_pixels(self.finding, phantom=self.card.phantom):
            yield MUCH
        if inside < INSIDE:
            yield OUTSIDE
        if made.way == "generator" and self._seen(film):
            yield SEEN
        if made.frames is not None and made.frames.refused:
            yield DRAWN
        if made.frames is not None and not made.frames.reached:
            yield UNREACHED

    def _seen(self, film: Series) -> bool:
        """Whether the critic beside the generator takes a film for edited; no where there is none."""
        from app.counterfactuals.seeing import read  # noqa: PLC0415 - it imports torch, which listing must not

        card = self.loaded.registry.counterfactual(self.card)
        assert card is not None  # noqa: S101 - it made the film
        seeing = read(card, self.finding)
        return seeing is not None and bool(seeing.through(self.loaded.get(card).prepare(film).cpu())[0])

    def _ratio(self, made: Made, after: Image) -> Before | None:
        """On the film, on the counterfactual, and after the same edit upside down."""
        control = edited(self.image, made.edit.upside_down())
        found = [self.lie.segmented.ratio, *(self.lie.segmenter.read(image).ratio for image in (after, control))]
        values = [one.value for one in found if isinstance(one, Ratio)]
        return Before(*values) if len(values) == len(found) else None

    def _recess(self, made: Made, after: Image) -> Before | None:
        """The same of the recess, where the lungs of the film lie: an edit moves no lung."""
        segmented, shape = self.lie.segmented, self.image.stored.shape
        step = max(1, max(shape) // ENOUGH)
        lying = resample(segmented.labels.astype(np.float32), segmented.extent, shape, nearest=True)
        labels = lying[::step, ::step].astype(np.uint8)
        films = (self.image, after, edited(self.image, made.edit.upside_down()))
        found = [recess.whiteness(labels, grey(image)[::step, ::step]) for image in films]
        values = [one for one in found if one is not None]
        return Before(*values) if len(values) == len(found) else None


def gap_of(generator: Card | None, card: Card, finding: str) -> Gap | None:
    """By what a network's answers for a finding are told, as a generator's card has it; None where it says nothing of that
    version."""
    mine = (card.name, card.sha256, finding)
    rows = generator.gaps if generator else ()
    return next((row for row in rows if (row.network, row.sha256, row.finding) == mine), None)


def plain(made: Counterfactual) -> tuple[dict[str, Any], bytes]:
    """As it is kept: what is told as JSON, and the planes, float32, one after the other: of a generator flow, attention and
    residual, of a stack attention and residual of each changed slice, of a shift the frames."""
    edit, frames = made.edit, made.frames
    planes = {"frames": frames.frames} if frames else edit.planes()
    told = {
        "way": made.way,
        "finding": made.finding,
        "direction": made.direction,
        "strengths": list(STRENGTHS),
        "said": [
            {
                "model": one.card.name,
                "title": one.card.title,
                "referee": one.referee,
                "shared": one.shared,
                "plane": one.plane,
                "probabilities": list(one.probabilities),
                "moved": [value if np.isfinite(value) else None for value in one.moved],
            }
            for one in made.said
        ],
        "scores": [[list(astuple(score)) for score in answer.scores] for answer in made.answers],
        "pixels": made.pixels,
        "inside": made.inside if np.isfinite(made.inside) else None,
        "ratio": list(astuple(made.ratio)) if made.ratio else None,
        "recess": list(astuple(made.recess)) if made.recess else None,
        "doubts": list(made.doubts),
        "planes": [{"name": name, "shape": list(values.shape)} for name, values in planes.items()],
        "one": frames.one if frames else 0,
        "places": list(edit.places) if isinstance(edit, StackEdit) else None,
        "most": edit.most if isinstance(edit, StackEdit) else 0,
        "extent": edit.extent.numbers()[:4],
        "black": edit.black,
        "white": edit.white,
        "device": made.device,
        "seconds": made.seconds,
    }
    return told, b"".join(np.ascontiguousarray(values, "<f4").tobytes() for values in planes.values())
