"""`models points`: from which probability on a network calls each finding: chosen, measured, and written onto its card.

Chosen on films that the network was not fitted to, by `app.evaluation.operating.RULE`; what that does is told of others, on
which nothing is chosen. These are validation and test patients of our collections, drawn phantoms or exams for a network of
those, or the rows of a table with labels.
"""

import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import ingest
from app.adoption.ranges import FILM_PIXELS, real
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.exam import ExamClassifier
from app.config import Settings
from app.domain import FINDINGS, NO_FINDING, Image, Plane, Series, Window, frozen
from app.errors import InputError
from app.evaluation.operating import RULE
from app.phantoms import chest, knee
from app.training import cards, measuring, table_layout, targets
from app.training.collection import refuse_leaks, there
from app.training.films import SOURCES, read
from app.training.material import WHOLE
from app.training.measuring import Answers
from app.training.rewriting import rewrite, without

CHILDREN = ("paediatric",)
FIRST_SEED, APART = 8_000_000, 500_000
"""Phantoms that points are chosen on begin here, those that they are measured on so much further; no network was fitted to,
calibrated on or measured on any of them, and no range of colours comes from one."""
PHANTOMS, EXAMS, EXAM_PIXELS = 1000, 150, 160
"""How many drawn films and exams of each part unless told otherwise."""
AT_ONCE = 32
RULED = re.compile(r"^operating_rule\s*=.*\n", re.MULTILINE)

Say = Callable[[str], None]
Film = Callable[[], Series]


@dataclass(frozen=True, eq=False)
class Answered:
    """What a network said: to choose on, with ``weights`` (films, findings), and to tell of. Probabilities, as its answers give
    them, stand where `Answers` has logits."""

    chosen_on: Answers
    weights: NDArray[np.float64]
    tested_on: tuple[Answers, ...]


@dataclass(frozen=True, eq=False)
class Heard:
    """The validation and test films of the collections that a network was fitted to, and what it says of them, as its answers
    give it: ``said``, ``labels`` and ``published`` (films, findings), in the network's order; all else (films,)."""

    said: NDArray[np.float64]
    labels: NDArray[np.float32]
    published: NDArray[np.float32]
    parts: NDArray[np.str_]
    sources: NDArray[np.str_]
    patients: NDArray[np.str_]
    opacity: NDArray[np.float32]

    def answered(self, said: NDArray[np.float64]) -> Answered:
        """Probabilities to choose points on: validation patients, adults' whole films and children's counting the same; and to
        tell of: the test part of each collection, and of adults' whole films together."""
        sources = tuple(dict.fromkeys(self.sources.tolist()))

        def answers(name: str, chosen: NDArray[np.bool_]) -> Answers:
            return Answers(name, said[chosen], self.labels[chosen], self.patients[chosen])

        groups = [group for group in (within(WHOLE, sources), within(CHILDREN, sources)) if group]
        validation = (self.parts == "validation") & np.isin(self.sources, [one for group in groups for one in group])
        chosen_on = answers("validation", validation)
        weights = evenly(~np.isnan(chosen_on.labels), [np.isin(self.sources[validation], group) for group in groups])
        whole = within(WHOLE, sources)
        tests = [(one,) for one in sources] + ([whole] if len(whole) > 1 else [])
        tested = (answers(" + ".join(group), (self.parts == "test") & np.isin(self.sources, group)) for group in tests)
        return Answered(chosen_on, weights, tuple(tested))


def of_collections(classifier: Classifier, data: Path, say: Say, kept: Path | None = None) -> Answered:
    """On validation patients of the collections that a network was fitted to; told of their test parts. InputError where it was
    fitted to none of ours."""
    found = heard(classifier, data, say, kept)
    return found.answered(found.said)


def heard(classifier: Classifier, data: Path, say: Say, kept: Path | None = None) -> Heard:
    """Let a network read the validation and test films of its collections, or take what it said from ``kept``. InputError where
    it was fitted to none of ours."""
    card = classifier.card
    sources = tuple(row.name for row in card.data if row.name in SOURCES)
    films = [film for film in read(data, sources) if film.part != "train"] if sources else []
    if not films:
        raise InputError(
            "“%(name)s” was fitted to none of the collections here. Name a table with labels: --table labels.csv.",
            {"name": card.name},
        )
    asked = targets.asked(films, FINDINGS)
    return Heard(
        said=probabilities(classifier, [partial(real, film.path) for film in films], say, kept),
        labels=ordered(targets.labels(films, asked), asked, card.findings),
        published=ordered(targets.published(films, asked), asked, card.findings),
        parts=np.array([film.part for film in films]),
        sources=np.array([film.source for film in films]),
        patients=np.array([film.patient for film in films]),
        opacity=np.array([film.opacity for film in films], np.float32),
    )


def of_table(classifier: Classifier, table: Path, images: Path | None, say: Say, kept: Path | None = None) -> Answered:
    """On the films of a table with labels (`app.training.table_layout`), below the folder ``images``, else beside the table.

    Where the table names parts, chosen on "validation" and told of "test"; what is named "train" the network may have learnt
    from, and it is left out. Else one half of the patients each. InputError where no finding of the network is a column, or a
    film cannot be read.
    """
    card = classifier.card
    found = [name for name in table_layout.findings(table) if name in card.findings]
    if not found:
        raise InputError(
            "“%(file)s” has no column named like a finding of “%(name)s”. They are: %(known)s.",
            {"file": table.name, "name": card.name, "known": ", ".join(card.findings)},
        )
    every, notes, _ = there(table_layout.listed(table, found, images), table.name)
    for note in notes:
        say(f"note: {note}")
    named = "part" in table_layout.header(table)
    if named:
        refuse_leaks(every)
    films = [film for film in every if not named or film.part != "train"]
    labels = ordered(targets.labels(films, found), found, card.findings)
    patients = np.array([film.patient for film in films])
    choosing = np.array([film.part == "validation" if named else half(film.patient) for film in films], bool)
    with tempfile.TemporaryDirectory() as folder:
        said = probabilities(classifier, [partial(taken, film.path, Path(folder)) for film in films], say, kept)

    def answers(name: str, chosen: NDArray[np.bool_]) -> Answers:
        return Answers(name, said[chosen], labels[chosen], patients[chosen])

    chosen_on = answers("validation", choosing)
    return Answered(chosen_on, np.ones(chosen_on.labels.shape), (answers(table.name, ~choosing),))


def of_phantoms(classifier: Classifier, say: Say, count: int = PHANTOMS) -> Answered:
    """On drawn films; told of others."""
    parts = []
    for first in (FIRST_SEED, FIRST_SEED + APART):
        drawn = [chest.sample(seed, FILM_PIXELS) for seed in range(first, first + count)]
        films = [partial(_film, phantom.pixels, f"2.25.{first + at}") for at, phantom in enumerate(drawn)]
        labels = np.array(
            [[finding in phantom.labels for finding in classifier.card.findings] for phantom in drawn], np.float32
        )
        parts.append((probabilities(classifier, films, say), labels))
    return _drawn(parts)


def of_exams(classifier: ExamClassifier, say: Say, count: int = EXAMS) -> Answered:
    """On drawn exams; told of others."""
    parts = []
    for first in (FIRST_SEED, FIRST_SEED + APART):
        said, labels = [], []
        for number in range(count):
            phantom = knee.draw(first + number, size=EXAM_PIXELS)
            stacks: dict[Plane, Series] = {stack.plane: _stack(stack, f"1.{i}") for i, stack in enumerate(phantom.stacks, 1)}
            said.append([score.probability for score in classifier.predict(stacks).scores])
            labels.append([float(finding in phantom.findings) for finding in classifier.card.findings])
            if (number + 1) % 20 == 0:
                say(f"{number + 1} of {count} exams")
        parts.append((np.array(said), np.array(labels, np.float32)))
    return _drawn(parts)


def _drawn(parts: Sequence[tuple[NDArray[np.float64], NDArray[np.float32]]]) -> Answered:
    first, second = (
        Answers(name, said, labels, np.arange(len(said)))
        for name, (said, labels) in zip(("validation", "phantoms"), parts, strict=True)
    )
    return Answered(first, np.ones(first.labels.shape), (second,))


def _film(pixels: NDArray[np.uint16], uid: str) -> Series:
    return Series(uid, "DX", (Image(uid, 0, frozen(pixels), windows=(Window(2048, 4096, "LINEAR"),)),), "CHEST", "PA")


def _stack(stack: knee.KneeStack, uid: str) -> Series:
    images = tuple(Image(f"{uid}.{number}", 1, frozen(pixels)) for number, pixels in enumerate(stack.pixels, start=1))
    return Series(uid, "MR", images, body_part="KNEE")


def within(group: Sequence[str], sources: Sequence[str]) -> tuple[str, ...]:
    """Those of a group that are among the sources."""
    return tuple(one for one in group if one in sources)


def half(patient: str) -> bool:
    """Whether points are chosen on this patient's films: of one half, by a hash, so that no order of the table matters."""
    return sha256(patient.encode()).digest()[0] % 2 == 0


def taken(path: Path, workdir: Path) -> Series:
    """A film of a table, as the product reads it. InputError where it cannot be read."""
    for found in ingest.read(path, path.name, Settings(), workdir):
        if isinstance(found, ingest.Rejected):
            raise found.error
        return found.study.series[0]
    raise InputError("“%(name)s” is no film.", {"name": path.name})


def ordered(labels: NDArray[np.float32], asked: Sequence[str], findings: Sequence[str]) -> NDArray[np.float32]:
    """Labels (films, asked) in the order of a network's findings; NaN for those that nobody was asked for."""
    out = np.full((len(labels), len(findings)), np.nan, np.float32)
    for place, finding in enumerate(findings):
        if finding in asked:
            out[:, place] = labels[:, list(asked).index(finding)]
    return out


def evenly(known: NDArray[np.bool_], groups: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Weights (films, findings) by which every group of films counts the same; both inputs over the same films."""
    each = [np.where(member[:, None], 1 / np.maximum(1, (member[:, None] & known).sum(0)), 0) for member in groups]
    return np.asarray(np.sum(each, 0) * known.sum(0), np.float64)


def probabilities(classifier: Classifier, films: Sequence[Film], say: Say, kept: Path | None = None) -> NDArray[np.float64]:
    """What a network says of films, (films, findings), batch by batch; ``kept``: a file with what the same version of the
    network said of as many films before, written where it is not there."""
    if kept is not None and kept.is_file():
        with np.load(kept) as before:
            if str(before["sha256"]) == classifier.card.sha256 and len(before["said"]) == len(films):
                return np.asarray(before["said"], np.float64)
    rows: list[list[float]] = []
    for first in range(0, len(films), AT_ONCE):
        batch = [film() for film in films[first : first + AT_ONCE]]
        rows += [[score.probability for score in answer.scores] for answer in classifier.predict_films(batch)]
        if len(rows) % (10 * AT_ONCE) < AT_ONCE:
            say(f"{len(rows)} of {len(films)} films")
    said = np.array(rows, np.float64).reshape(len(films), len(classifier.card.findings))
    if kept is not None:
        np.savez(kept, said=said, sha256=classifier.card.sha256)
    return said


def chosen(card: Card, answered: Answered) -> measuring.Points:
    """The points of a card, by the rule. InputError where nothing could be chosen."""
    points = measuring.chosen(answered.chosen_on, answered.weights, answered.tested_on, card.findings)
    if not points.rows:
        raise InputError(
            "There are too few films with a finding, or without, to choose from which probability on it is called."
        )
    return points


def write(card: Card, points: measuring.Points) -> None:
    """Put points onto the card and their curves beside it, in place of earlier ones of the same findings; nothing else changes.
    ModelError where that cannot be written."""
    found = {row["finding"] for row in points.rows}

    def change(text: str) -> str:
        others = [row for row in tomllib.loads(text).get("operating", []) if row["finding"] not in found]
        tables = (
            "\n[[operating]]\n" + "".join(f"{k} = {cards.toml(v)}\n" for k, v in row.items()) for row in (*others, *points.rows)
        )
        text = without(RULED.sub("", text), "operating") + "".join(tables)
        return re.sub(r"^(sha256\s*=)", f"operating_rule = {cards.toml(RULE)}\n\\1", text, count=1, flags=re.MULTILINE)

    cards.add_calls(card.folder, points.curves, found)
    rewrite(card, change)


def told(points: measuring.Points) -> Iterator[str]:
    """The points as lines: per finding what the point is, and what it does on each source."""
    for row in points.rows:
        both = (
            f"{name} {row[name]:.3f} [{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]"
            for name in ("sensitivity", "specificity")
        )
        counts = f"with {row['positives']}, without {row['negatives']}"
        yield f"{row['finding']:20} from {row['probability']:<8.4g} {row['source']:18} {'  '.join(both)}  {counts}"
    for source in dict.fromkeys(row["source"] for row in points.rows):
        rows: list[dict[str, Any]] = [row for row in points.rows if row["source"] == source and row["finding"] != NO_FINDING]
        good = [row["finding"] for row in rows if row["sensitivity"] >= 0.65 and row["specificity"] >= 0.8]
        yield f"{source}: sensitivity ≥ .65 at specificity ≥ .80 for {len(good)} of {len(rows)} findings: {', '.join(good)}"
