"""What a network adds to where findings occur: the figures, on maps whose place is known, and a table of one's own boxes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from app.anatomy import CANONICAL, SIZE, Pose
from app.anatomy.masks import Mask, Masks, Placed
from app.domain import Extent
from app.errors import InputError
from app.reporting import localising
from app.reporting.localising import GRID, Case, Prior, in_table, measure, measured
from app.training.films import Box
from app.training.masks import Drawn

FILM = Extent(0, 0, 400, 400)
POSE = Pose(200, 200, 0, 400 / 3, 400 / 3)
"""The canonical frame lies over all of the film."""


def square(x: float, y: float, side: float = 16) -> Extent:
    return Extent(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def blob(x: float, y: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows, columns = np.mgrid[0:GRID, 0:GRID] + 0.5
    return np.asarray(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 200), np.float32)


def case(number: int, x: float, y: float) -> Case:
    truth = np.zeros((GRID, GRID), bool)
    truth[int(y) - 8 : int(y) + 8, int(x) - 8 : int(x) + 8] = True
    heat = blob(x, y)
    return Case("NIH boxes", "Effusion", str(10 * number), "train", truth, FILM, POSE, None, heat, heat, (square(x, y),))


@pytest.fixture(scope="module")
def prior() -> Prior:
    """Effusions lie at the left and at the right of films, each of its own patient."""
    places = [(float(30 + 68 * (at % 2)), 80.0) for at in range(8)]
    drawn = [
        Drawn(str(at), str(10 * at), Box("Effusion", x / 128 - 0.06, 0.56, x / 128 + 0.06, 0.69), None)
        for at, (x, _) in enumerate(places)
    ]
    found = [Placed("Effusion", str(10 * at), "train", square(x, y)) for at, (x, y) in enumerate(places)]
    flat = np.full((SIZE, SIZE), 0.1, np.float32)
    mask = Mask("Effusion", flat, flat, flat, 3.0, 8, 8, 1.0)
    return Prior.of(Masks("v", {"Effusion": mask}, CANONICAL), drawn, found)


def test_the_sign_is_counted_on_findings_that_are_called_alone() -> None:
    """As it is shown: on no other does it stand."""
    hit = replace(case(1, 30, 80), called=True)
    missed = replace(hit, cam=blob(100, 20), odd="outside the body")
    lines = list(localising.signs([hit, missed, replace(missed, called=False)]))
    assert [line.split("stands on ")[1] for line in lines] == ["0 of 1 that point into a box and 1 of 1 that do not"]


def test_a_map_of_its_own_film_gains_and_that_of_another_does_not(prior: Prior) -> None:
    cases = [case(at, 30 + 68 * (at % 2), 80) for at in range(8)]
    values = measure(cases, prior, 0.5)
    told = {
        name: np.mean([v.value for v in values if v.map == name and v.measure == "pointing"])
        for name in ("mask alone", "prior-weighted CAM", localising.SWAPPED["prior-weighted CAM"], "CAM")
    }
    assert told["CAM"] == told["prior-weighted CAM"] == 1
    assert told["mask alone"] < 0.6
    assert told[localising.SWAPPED["prior-weighted CAM"]] < 0.8
    apart = localising.difference(values, "prior-weighted CAM", localising.SWAPPED["prior-weighted CAM"], "pointing")
    assert apart.low > 0
    assert any("another film" in line for line in localising.lines(values))


def test_the_mask_of_a_film_leaves_its_patient_out(prior: Prior) -> None:
    """Four of eight boxes lie at the left; without the film's own three of seven do."""
    plane = prior.plane(case(0, 30, 80))
    assert plane[80, 30] / plane[80, 98] == pytest.approx(3 / 4, abs=0.02)


def test_iou_is_at_the_size_of_the_truth() -> None:
    truth = np.zeros((GRID, GRID), bool)
    truth[:10, :10] = True
    heat = np.zeros((GRID, GRID), np.float32)
    heat[:10, 5:15] = 2
    heat[0, 0] = 3
    found = measured(heat, truth)
    assert found["pointing"] == 1
    assert found["IoU"] == pytest.approx(51 / 149, abs=0.02)


def test_boxes_of_ones_own_are_read_from_a_table(tmp_path: Path) -> None:
    Picture.fromarray(np.zeros((100, 200), np.uint8)).save(tmp_path / "a.png")
    table = tmp_path / "boxes.csv"
    table.write_text("image,finding,left,top,width,height,patient\na.png,Mass,20,10,40,50,7\na.png,Mass,0,0,10,10,7\n")
    ((path, patient, drawn),) = in_table(table)
    assert (path, patient) == (tmp_path / "a.png", "7")
    ((source, finding, boxes),) = drawn
    assert (source, finding) == ("boxes.csv", "Mass")
    assert (boxes[0].left, boxes[0].top, boxes[0].right, boxes[0].bottom) == pytest.approx((0.1, 0.1, 0.3, 0.6))
    table.write_text("image,left\na.png,1\n")
    with pytest.raises(InputError):
        list(in_table(table))


def test_two_networks_are_compared_on_the_same_boxes() -> None:
    """One points into every box of the first source and into none of the second; the other the other way round."""
    mine = [replace(case(at, 40, 80), source=source) for at, source in enumerate(("NIH boxes",) * 3 + ("RSNA opacity boxes",))]
    elsewhere = blob(100, 20)
    swapped = [replace(one, cam=elsewhere if one.source == "NIH boxes" else one.cam) for one in mine]
    validation = replace(mine[0], part="validation")
    lines = list(localising.against([*mine, validation], [*swapped, replace(validation, cam=elsewhere)], ("a", "b")))
    assert [line.split(":")[0] for line in lines] == [
        "NIH boxes, 3 films with boxes",
        "RSNA opacity boxes, 1 films with boxes",
        "pooled, 4 films with boxes",
    ]
    assert "a − b: pointing +1.000" in lines[0]
    assert "pointing +0.000" in lines[1]
    assert "pointing +0.750" in lines[2]
