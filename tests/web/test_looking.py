"""What a case says of a network's own attention, from the figures beside its layers."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from app.domain import Extent
from app.domain.looking import BRANCH, CHANNEL, FRAME, STEP, WINDOWS
from app.render.looks import plain
from app.store import LayerRow
from app.web.case import looking

FRAMED = dict(zip(FRAME, (100.0, 50.0, 300.0, 150.0), strict=True))


@dataclass
class Row:
    """As much of a layer's row as is read."""

    kind: str = "attention"
    finding: str = "Nodule"
    model: str = "net"
    figures: dict[str, float] = field(default_factory=dict)
    extent: Extent = field(default_factory=lambda: Extent(0, 128, 512, 384))


def row(**given: Any) -> LayerRow:
    return cast(LayerRow, Row(**given))


def test_what_is_drawn_on_a_crop_belongs_where_the_crop_was() -> None:
    """The frame's corners are shown at the corners of the crop, so that a point on the crop is taken to the film."""
    moves = looking.moves(row(kind="image", figures=FRAMED))
    assert moves is not None
    a, b, c, d, e, f = moves
    for (x, y), (across, down) in {(100, 50): (0, 128), (300, 150): (512, 384), (200, 100): (256, 256)}.items():
        assert [a * x + b * y + e, c * x + d * y + f] == pytest.approx([across, down])
    assert looking.moves(row(figures=FRAMED)) is None
    assert looking.frame(row(kind="image", figures=FRAMED)) == ()
    assert len(looking.frame(row(figures=FRAMED))) == 4


def test_a_channel_is_told_by_its_factors() -> None:
    numbers = dict(zip(CHANNEL, (12.0, 0.83, 0.12, 1.4, 0.139, 1.9), strict=True))
    (told,) = looking.told(row(figures=numbers), plain)
    assert told == "Channel 12: gate 0.83 × weight 0.120 × mean 1.400 = 0.139 of 1.900, the logit less its bias."
    (told,) = looking.told(row(figures={name: value for name, value in numbers.items() if name != "gate"}), plain)
    assert told.startswith("Channel 12: weight 0.120 × mean 1.400 = ")


def test_both_looks_are_told_of_the_network_that_answered() -> None:
    numbers = {BRANCH["whole"] % {"finding": "Nodule"}: 0.2, BRANCH["crop"] % {"finding": "Nodule"}: 0.6}
    assert list(looking.told(row(figures=numbers), plain)) == ["By the whole film alone 20 %, by the crop alone 60 %."]
    found = looking.looks([row(figures=numbers)], "net")
    assert found is not None
    assert found.by_finding == {"Nodule": (0.2, 0.6)}
    assert looking.looks([row(figures=numbers)], "another") is None


def test_a_path_is_glimpse_by_glimpse() -> None:
    numbers = {
        name % {"number": number}: value
        for number, values in ((1, (50.0, 40.0, 0.3)), (2, (80.0, 40.0, 0.7)))
        for name, value in zip(STEP, values, strict=True)
    }
    steps = looking.path(row(figures=numbers | dict(zip(WINDOWS, (20.0, 40.0), strict=True))))
    assert [step.probability for step in steps] == [0.3, 0.7]
    assert steps[0].way == ()
    assert steps[1].way == (((50.0, 40.0), (80.0, 40.0)),)
    assert steps[0].fine[0] == ((40.0, 30.0), (60.0, 30.0))
    assert len(steps[1].coarse) == 4
