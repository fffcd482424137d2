"""The card of a network: what it is for, how it sees a film, how good it is, and the checksum of its weights.

Written as ``models/<name>/card.toml``. Knows no torch: pages, the registry and the store read cards too.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import ModelError

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
KINDS = ("network", "guard")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure on one part of one source: e.g. AUROC of Effusion on NIH's test part, with its 95% interval."""

    source: str
    finding: str
    metric: str
    value: float
    low: float
    high: float
    positives: int
    negatives: int


@dataclass(frozen=True, slots=True)
class Source:
    """One data source a network was trained on, with the number of images and patients, and its terms."""

    name: str
    images: int
    patients: int
    terms: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that is known of a network without loading it.

    ``modalities`` and ``body_parts`` say which series it reads; ``phantom`` networks read studies marked as phantoms and no
    others; ``default`` networks are chosen by themselves, the others by name. ``explained_layer`` names the module whose output
    CAM and Grad-CAM use. ``temperature`` divides every logit before the sigmoid. ``guard`` names the card of the guard that
    looks at an image before the network does, "" where none does. The card of a guard has the ``kind`` "guard": it reads no
    study, and its ``findings`` are the kinds of image that it tells apart.
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
    kind: str = "network"
    guard: str = ""

    @property
    def weights(self) -> Path:
        """The safetensors file."""
        return self.folder / "weights.safetensors"

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
        temperature = tuple(float(t) for t in raw.get("temperature", [1.0] * len(findings)))
        if len(temperature) != len(findings) or min(temperature) <= 0:
            raise ValueError("temperature needs one positive number per finding")
        kind = str(raw.get("kind", "network"))
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        size = int(raw["input_size"])
        if not 16 <= size <= 2048:
            raise ValueError(f"input_size {size} is not between 16 and 2048")
        return cls(
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
            input_size=size,
            explained_layer=str(raw["explained_layer"]),
            temperature=temperature,
            sha256=str(raw["sha256"]),
            data=tuple(Source(**entry) for entry in raw.get("data", [])),
            figures=tuple(Figure(**entry) for entry in raw.get("figures", [])),
            limits=tuple(raw.get("limits", [])),
            terms=str(raw.get("terms", "")),
            intended_use=str(raw.get("intended_use", "")),
            banner=str(raw.get("banner", "")),
            folder=folder,
            kind=kind,
            guard=str(raw.get("guard", "")),
        )
