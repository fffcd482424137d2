"""What a header says in words and codes of what was examined. Knows header values and the names of parts; no pixel.

Codes come first, for they mean the same in every language: Anatomic Region Sequence (0008,2218), then the procedures' codes,
then the tag that people type, Body Part Examined (0018,0015), then descriptions, which `app.classifiers.registry` looks
through.
"""

from collections.abc import Iterator

from app.domain.parts import CODES, VAGUE, named
from app.ingest.header import Header

REGIONS = ("AnatomicRegionSequence", "PrimaryAnatomicStructureSequence")
PROCEDURES = ("ProcedureCodeSequence", "RequestedProcedureCodeSequence", "PerformedProtocolCodeSequence")
SERIES = ("SeriesDescription", "ProtocolName", "PerformedProcedureStepDescription")
STUDY = ("StudyDescription", "RequestedProcedureDescription")


def body_part(header: Header) -> str:
    """The part of the body in capitals: the coded one, or as the tag has it, or as a code of no known part calls it."""
    tag = header.text("BodyPartExamined").upper()
    first = next(header.frames(1))
    regions = [item for source in (header, first) for keyword in REGIONS for item in source.items(keyword)[:1]]
    if found := next((part for item in regions if (part := _coded(item))), ""):
        return found
    procedures = {part for item in _procedures(header) if (part := _coded(item))}
    if len(procedures) == 1 and not named(tag) - VAGUE:  # of "chest and pelvis" nobody knows which this is
        return procedures.pop()
    return tag or next((text.upper() for item in regions if (text := item.text("CodeMeaning"))), "")


def series(header: Header) -> str:
    """Series Description (0008,103E), or what stands for it where it is empty."""
    return next((text for keyword in SERIES if (text := header.text(keyword))), "")


def study(header: Header) -> str:
    """Study Description (0008,1030), or the procedure that was asked for, or its code's meaning."""
    told = (header.text(keyword) for keyword in STUDY)
    meanings = (item.text("CodeMeaning") for item in _procedures(header))
    return next((text for text in (*told, *meanings) if text), "")


def _procedures(header: Header) -> Iterator[Header]:
    for keyword in PROCEDURES:
        yield from header.items(keyword)[:4]


def _coded(item: Header) -> str:
    """The one part that a code stands for, or that its meaning names; "" for none or several."""
    if part := CODES.get(item.text("CodeValue")):
        return part
    found = named(item.text("CodeMeaning"))
    found = found - VAGUE or found
    return next(iter(found)) if len(found) == 1 else ""
