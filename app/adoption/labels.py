"""What the outputs of a network are called: NIH's fourteen, torchxrayvision's eighteen, or a list of one's own."""

from collections.abc import Sequence
from pathlib import Path

from app.domain import FINDINGS
from app.errors import InputError

XRV = (
    "Atelectasis", "Consolidation", "Infiltration", "Pneumothorax", "Edema", "Emphysema", "Fibrosis", "Effusion", "Pneumonia",
    "Pleural_Thickening", "Cardiomegaly", "Nodule", "Mass", "Hernia", "Lung Lesion", "Fracture", "Lung Opacity",
    "Enlarged Cardiomediastinum",
)  # fmt: skip
"""The targets of torchxrayvision's networks, in their order (Cohen 2022)."""
KNOWN: dict[str, Sequence[str]] = {"nih": FINDINGS, "xrv": XRV}
LONGEST = 64


def read(source: str) -> tuple[str, ...]:
    """The names in the order of the outputs, by a known list's name or from a text file with one name a line.

    An empty line stands for an output without a name. InputError for what is neither.
    """
    if source in KNOWN:
        return tuple(KNOWN[source])
    try:
        lines = Path(source).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "The labels are nih, xrv, or a text file with one name a line; “%(name)s” is none of them.", {"name": source}
        ) from error
    return tuple(line.strip() for line in lines)


def named(names: Sequence[str], outputs: int) -> tuple[tuple[int, str], ...]:
    """Each output that has a name, with its place; InputError where the list does not fit the network or cannot be used."""
    if len(names) != outputs:
        raise InputError(
            "The network has %(outputs)s outputs, and %(labels)s labels were given. Give one per output, in their order; an "
            "empty line for an output without a name.",
            {"outputs": outputs, "labels": len(names)},
        )
    kept = tuple((place, name) for place, name in enumerate(names) if name)
    known = [name for _, name in kept]
    for name in known:
        if len(name) > LONGEST or not name.isprintable() or set(name) & set("/\\<>\"'") or name in {"top", "all"}:
            raise InputError(
                "“%(name)s” cannot be a finding's name, which is part of file names. Use letters, digits, spaces and _.",
                {"name": name[:LONGEST]},
            )
    if not known or len(set(known)) != len(known):
        raise InputError("The labels must be at least one name, and no name twice.")
    return kept
