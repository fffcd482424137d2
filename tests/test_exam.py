"""What an exam's answers say about themselves."""

import numpy as np

from app.domain import Extent, Score, frozen
from app.exam import PlaneAnswer, StackExplanation, StackKey


def test_a_plane_opens_at_the_slice_with_the_largest_score_and_at_the_first_of_equals() -> None:
    answer = PlaneAnswer(
        stack=StackKey("1.2"),
        plane="sagittal",
        scores=(Score("abnormality", 0.5, 0.0), Score("ACL tear", 0.9, 2.0)),
        contributions=(0.0, 2.0),
        slice_scores=((0.0, -1.0, 0.0), (0.5, 1.0, 0.5)),
    )
    assert answer.opens_at("abnormality") == 0
    assert answer.opens_at("ACL tear") == 1


def test_a_maps_mass_is_the_positive_part_of_each_slice() -> None:
    values = np.array([[[1, -2], [3, 0]], [[-1, -1], [-1, -1]]], np.float32)
    maps = StackExplanation(
        study_uid="1",
        stack=StackKey("1.2"),
        plane="coronal",
        model="m",
        model_sha256="0" * 64,
        method="cam",
        finding="ACL tear",
        values=frozen(values),
        extent=Extent(0, 0, 2, 2),
        state="ok",
        signed=True,
        parameters={},
        versions={},
        device="cpu",
    )
    assert maps.mass() == (4.0, 0.0)
