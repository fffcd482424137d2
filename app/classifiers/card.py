"""The card of a network: what it is for, how it sees a film, how good it is, and the checksum of its weights.

Written as ``models/<name>/card.toml``. Knows no torch: pages, the registry and the store read cards too.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.classifiers.measured import Calibration, Figure, Gap, LookedAt, Operating, Outside, Range, Source, Told, row
from app.classifiers.members import Join, Member, joins, members
from app.classifiers.preprocessing import Preprocessing
from app.domain import HALF, OperatingPoint
from app.errors import ModelError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
KINDS = ("network", "guard", "exam", "segmentation", "masks", "counterfactual", "autoencoder", "referee")
SOURCES = ("validation", "phantoms")
"""Of which cases a range of colours is."""


TEXTS = (
    "terms",
    "intended_use",
    "banner",
    "beside_name",
    "operating_rule",
    "looked_at_summary",
    "guard",
    "second_to",
    "explains",
    "explains_sha256",
    "half",
    "shortcut",
    "plane",
)
"""Entries of a card that are plain text, and empty where it has none."""


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that is known of a network without loading it.

    ``modalities`` and ``body_parts`` say which series it reads, with ``unnamed_parts`` also those that name no part of the
    body: the rule is `app.classifiers.registry.covers`. ``phantom`` networks read studies marked as phantoms, with ``people``
    also those of people that no other network reads; ``default`` networks are chosen by themselves, the others by name.
    ``second_to`` names the network that one is a second opinion beside: it learned from the same patients.
    ``opens_with`` names the methods whose layers a study opens with; without any, they are the default panel's.

    ``explained_layer`` names the module whose output CAM and Grad-CAM use, ``stride`` is its total stride in pixels of the
    network's input, 0 where nobody has said; ``ranges`` say where the colours of maps end (`models ranges` writes them),
    ``told`` what its logits tell that they were not asked for (`models devices`).
    ``temperature`` divides every logit before the sigmoid; ``operating_points`` are the probabilities that are then moved to
    one half, 0.5 (as it is) where the card gives none. ``beside_name`` names the published network whose figures stand beside
    this one's. The ROC and reliability curves are in a file of their own: `app.classifiers.curves`.

    ``operating`` says from which probability on a finding is called (`point`), chosen by ``operating_rule``, and what that
    does; it moves no probability. ``origin`` and ``check`` are what `models add` wrote: where the weights came from and what
    was done to them, and what the check run found; empty for other networks.

    ``guard`` names the card of the guard that looks at an image before the network does, "" where none does. The card of a
    guard has the ``kind`` "guard": it reads no study, and its ``findings`` are the kinds of image that it tells apart. A card
    of the ``kind`` "exam" is of a network that reads stacks: ``members`` are its networks, ``joins`` join their answers. One of
    the ``kind`` "segmentation" says where the parts of a film lie, whichever network reads it: its ``findings`` are parts. One
    of the ``kind`` "masks" is no network: it says where its ``findings`` occur on the films that networks read. One of the
    ``kind`` "counterfactual" changes what the network ``explains`` (its ``explains_sha256``) says of its ``findings``; one of
    the ``kind`` "autoencoder" draws films anew, in whose latent space an answer can be followed. A "referee" answers as a
    network does, but only to judge what was changed for another; ``half``: of the training patients it learned from that half.
    A generator ``offers`` the findings of which it missed no figure (`evaluate --counterfactual`); ``gaps``: by what answers of
    the networks that judged it are told. ``shortcut``: the device that the explained network was taught to take for its finding
    ("drain"), so that this is what a generator has to find; "" for all others. ``plane``: whose stacks of an exam a generator
    changes, "" where it changes films.
    """

    name: str
    title: str
    summary: str
    architecture: str
    parameters: dict[str, Any] = field(hash=False)
    findings: tuple[str, ...]
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    phantom: bool
    default: bool
    input_size: int
    explained_layer: str
    temperature: tuple[float, ...]
    sha256: str
    data: tuple[Source, ...]
    figures: tuple[Figure, ...]
    limits: tuple[str, ...]
    terms: str
    intended_use: str
    banner: str
    folder: Path
    beside_name: str = ""
    outside: tuple[Outside, ...] = ()
    calibration: tuple[Calibration, ...] = ()
    operating: tuple[Operating, ...] = ()
    operating_rule: str = ""
    looked_at: tuple[LookedAt, ...] = ()
    looked_at_summary: str = ""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    operating_points: tuple[float, ...] = ()
    origin: dict[str, Any] = field(default_factory=dict, hash=False)
    check: dict[str, Any] = field(default_factory=dict, hash=False)
    kind: str = "network"
    guard: str = ""
    members: tuple[Member, ...] = ()
    joins: tuple[Join, ...] = ()
    unnamed_parts: bool = False
    people: bool = False
    opens_with: tuple[str, ...] = ()
    stride: int = 0
    ranges: tuple[Range, ...] = ()
    told: tuple[Told, ...] = ()
    second_to: str = ""
    explains: str = ""
    explains_sha256: str = ""
    half: str = ""
    offers: tuple[str, ...] = ()
    shortcut: str = ""
    plane: str = ""
    gaps: tuple[Gap, ...] = ()

    @property
    def several(self) -> bool:
        """Whether several members answer together in it, each of which could answer alone."""
        return self.architecture == "compact-twin"

    @property
    def weights(self) -> Path:
        """The safetensors file."""
        return self.folder / "weights.safetensors"

    def range_of(self, method: str, finding: str, plane: str = "") -> Range | None:
        """Where the colours of a method's map of a finding end, of an exam in a plane; None where the card does not say."""
        wanted = (method, finding, plane)
        return next((one for one in self.ranges if (one.method, one.finding, one.plane) == wanted), None)

    def pointed(self, finding: str) -> bool:
        """Whether the card says from where on a finding is called: by a row of ``operating``, or because its probabilities are
        moved so that one half is at the published point."""
        moved = dict(zip(self.findings, self.operating_points, strict=False)).get(finding, HALF)
        return moved != HALF or any(one.finding == finding for one in self.operating)

    def point(self, finding: str) -> float:
        """The probability, as answers give it, from which on a finding is called; 0.5 where the card gives none."""
        return next((one.probability for one in self.operating if one.finding == finding), HALF)

    def operating_point(self, finding: str, sha256: str, moved: float | None = None) -> OperatingPoint:
        """The same of an answer by the version ``sha256``, of which a card of another version says nothing; ``moved``: where a
        reader moved it to."""
        mine = self.sha256 == sha256 and self.pointed(finding)
        return OperatingPoint(self.point(finding) if mine else None, moved)

    @classmethod
    def read(cls, folder: Path) -> "Card":
        """Read ``folder/card.toml``; ModelError with the missing or wrong entry when it is not a card."""
        try:
            raw = tomllib.loads((folder / "card.toml").read_text(encoding="utf-8"))
            return cls._from(raw, folder)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(
                "The card of the network in “%(folder)s” cannot be read: %(error)s.",
                {"folder": folder.name, "error": f"{type(error).__name__} {error}"},
            ) from error

    @classmethod
    def _from(cls, raw: dict[str, Any], folder: Path) -> "Card":
        name = str(raw["name"])
        if not NAME.fullmatch(name) or name != folder.name:
            raise ValueError(f"name {name!r} must be the folder's name, in lower-case letters, digits and hyphens")
        findings = tuple(str(f) for f in raw["findings"])
        temperature = _temperature(raw, len(findings))
        points = _points(raw, len(findings))
        kind = str(raw.get("kind", "network"))
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        texts: dict[str, Any] = {key: str(raw.get(key, "")) for key in TEXTS}
        return cls(
            **texts,
            name=name,
            title=str(raw["title"]),
            summary=str(raw["summary"]),
            architecture=str(raw["architecture"]),
            parameters=dict(raw.get("parameters", {})),
            findings=findings,
            modalities=tuple(raw["modalities"]),
            body_parts=tuple(raw["body_parts"]),
            phantom=bool(raw.get("phantom", False)),
            default=bool(raw.get("default", True)),
            input_size=_between("input_size", int(raw["input_size"]), 16, 2048),
            explained_layer=str(raw["explained_layer"]),
            temperature=temperature,
            sha256=str(raw["sha256"]),
            data=tuple(row(Source, entry) for entry in raw.get("data", [])),
            figures=tuple(row(Figure, entry) for entry in raw.get("figures", [])),
            limits=tuple(raw.get("limits", [])),
            folder=folder,
            outside=tuple(row(Outside, entry) for entry in raw.get("outside", [])),
            calibration=tuple(row(Calibration, entry) for entry in raw.get("calibration", [])),
            operating=_operating(raw.get("operating", []), findings),
            looked_at=tuple(row(LookedAt, entry) for entry in raw.get("looked_at", [])),
            preprocessing=Preprocessing.of(raw.get("preprocessing", {})),
            operating_points=points,
            origin=dict(raw.get("origin", {})),
            check=dict(raw.get("check", {})),
            kind=kind,
            members=members(raw["members"], findings) if kind == "exam" else (),
            joins=joins(raw.get("joins", []), findings) if kind == "exam" else (),
            unnamed_parts=bool(raw.get("unnamed_parts", False)),
            people=bool(raw.get("people", False)),
            opens_with=tuple(str(method) for method in raw.get("opens_with", ())),
            stride=_between("stride", int(raw.get("stride", 0)), 0, 2048),
            ranges=tuple(_range(entry) for entry in raw.get("ranges", [])),
            told=tuple(row(Told, entry) for entry in raw.get("told", [])),
            offers=tuple(str(name) for name in raw.get("offers", ())),
            gaps=tuple(row(Gap, entry) for entry in raw.get("gaps", [])),
        )


def _temperature(raw: dict[str, Any], findings: int) -> tuple[float, ...]:
    temperature = tuple(float(t) for t in raw.get("temperature", [1.0] * findings))
    if len(temperature) != findings or min(temperature) <= 0:
        raise ValueError("temperature needs one positive number per finding")
    return temperature


def _points(raw: dict[str, Any], findings: int) -> tuple[float, ...]:
    points = tuple(float(p) for p in raw.get("operating_points", [0.5] * findings))
    if len(points) != findings or not all(0 < p < 1 for p in points):
        raise ValueError("operating_points needs one probability between 0 and 1 per finding")
    return points


def _between(name: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise ValueError(f"{name} {value} is not between {least} and {most}")
    return value


def _operating(entries: list[Any], findings: tuple[str, ...]) -> tuple[Operating, ...]:
    """Rows of operating points; ValueError where one is no probability, or a finding has two."""
    rows = tuple(row(Operating, entry) for entry in entries)
    for one in rows:
        alone = {other.probability for other in rows if other.finding == one.finding} == {one.probability}
        if one.finding not in findings or not 0 < one.probability < 1 or not alone:
            raise ValueError(f"operating: {one.finding} needs one probability between 0 and 1")
    return rows


def _range(entry: Any) -> Range:
    found = row(Range, entry)
    if found.source not in SOURCES or found.high <= 0 or (found.evened is not None and found.evened <= 0):
        raise ValueError(f"ranges: {found.method}, {found.finding}")
    return found
