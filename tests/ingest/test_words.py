"""What a header says in codes and words of what was examined."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from app.domain.parts import named
from app.ingest import words
from app.ingest.header import Header


def code(meaning: str, value: str = "?", scheme: str = "99LOCAL") -> Items:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Items([item])


def header(**elements: Any) -> Header:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return Header([ds])


@pytest.mark.parametrize(
    ("elements", "part"),
    [
        ({"BodyPartExamined": "chest"}, "CHEST"),
        ({"AnatomicRegionSequence": code("Brustkorb", "51185008", "SCT"), "BodyPartExamined": "HAND"}, "CHEST"),
        ({"AnatomicRegionSequence": code("?", "T-D9200", "SRT")}, "KNEE"),
        ({"AnatomicRegionSequence": code("Left knee joint")}, "KNEE"),
        ({"AnatomicRegionSequence": code("Nowhere"), "BodyPartExamined": "HAND"}, "HAND"),
        ({"AnatomicRegionSequence": code("Nowhere")}, "NOWHERE"),
        ({"ProcedureCodeSequence": code("XR Chest 2 Views", "36643-5", "LN")}, "CHEST"),
        ({"RequestedProcedureCodeSequence": code("흉부 촬영")}, "CHEST"),
        ({"ProcedureCodeSequence": code("XR chest and pelvis")}, ""),
        ({"ProcedureCodeSequence": code("XR chest"), "BodyPartExamined": "RIB"}, "CHEST"),
        ({"ProcedureCodeSequence": code("XR chest"), "BodyPartExamined": "HAND"}, "HAND"),
        ({}, ""),
    ],
)
def test_codes_come_before_the_tag_and_the_tag_before_words(elements: dict[str, Any], part: str) -> None:
    assert words.body_part(header(**elements)) == part


def test_what_stands_for_an_empty_description() -> None:
    assert words.series(header(SeriesDescription="a", ProtocolName="b")) == "a"
    assert words.series(header(SeriesDescription="", ProtocolName="MRI KNEE LT")) == "MRI KNEE LT"
    assert words.study(header(RequestedProcedureDescription="Thorax")) == "Thorax"
    assert words.study(header(ProcedureCodeSequence=code("CHEST PA"))) == "CHEST PA"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Thoracic spine AP", {"TSPINE"}), ("L-SPINE LAT", {"LSPINE"}), ("흉추 AP", {"TSPINE"}), ("胸椎正面", {"TSPINE"}),
        ("Orchestra", set()), ("côté gauche", set()), ("t2_tse_sag_fs", set()), ("IRM du genou droit", {"KNEE"}),
        ("KNEE_L", {"KNEE"}), ("Thorax & Abdomen", {"CHEST", "ABDOMEN"}), ("lower limb", {"EXTREMITY"}), ("무릎관절", {"KNEE"}),
    ],
)  # fmt: skip
def test_descriptions_name_parts_in_many_languages(text: str, parts: set[str]) -> None:
    assert named(text) == parts
