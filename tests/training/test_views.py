"""Lungs alone and lesions drawn in: what a film shows, where, and what its targets become."""

import pytest
import torch
from torch import Tensor

from app.domain import FINDINGS, NO_FINDING
from app.training.fitting import Batch, Lesson, Stage
from app.training.insertion import KINDS, insert
from app.training.views import change

ANSWERS = (*FINDINGS, NO_FINDING)
SIZE = 96


def lungs(n: int) -> Tensor:
    """Two upright lungs, uint8 (n, 64, 64)."""
    mask = torch.zeros(n, 64, 64, dtype=torch.uint8)
    mask[:, 12:52, 8:28] = mask[:, 12:52, 36:56] = 255
    return mask


@pytest.fixture
def lesson() -> Lesson:
    n = 40
    films = torch.randint(60, 160, (n, SIZE, SIZE), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    targets = torch.zeros(n, len(ANSWERS) + 1)
    targets[:, ANSWERS.index(NO_FINDING)] = 1
    return Lesson(films, targets, torch.full_like(targets, 0.5), ANSWERS, lungs(n))


def shown(lesson: Lesson, **stage: float) -> tuple[Batch, Batch]:
    """A batch of all films before and after a stage's views."""
    before = Batch.of(lesson, torch.arange(len(lesson.films)))
    return before, change(before, lesson, Stage(SIZE, 1, 8, 0.1, (), **stage), torch.Generator().manual_seed(3))


def test_a_stage_without_views_changes_nothing(lesson: Lesson) -> None:
    before, after = shown(lesson)
    assert after is before


def test_lungs_alone_leave_everything_else_black(lesson: Lesson) -> None:
    before, after = shown(lesson, lungs_only=0.5)
    outside = torch.nn.functional.interpolate(lungs(1)[:, None].float(), SIZE)[0, 0] == 0
    corner = torch.zeros_like(outside)
    corner[:8] = corner[-8:] = True
    cut = after.films[:, 0][:, outside & corner].amax(1) == 0
    assert 8 < int(cut.sum()) < 32
    assert torch.equal(after.films[~cut], before.films[~cut])
    assert torch.equal(after.targets, before.targets)


def test_a_lesion_brightens_the_lung_and_only_the_lung() -> None:
    films = torch.full((30, 1, SIZE, SIZE), 0.3)
    inside = torch.nn.functional.interpolate(lungs(30)[:, None].float() / 255, SIZE)
    kinds = torch.arange(30) % len(KINDS)
    after, place = insert(films, inside, kinds, torch.Generator().manual_seed(2))
    change_ = after - films
    assert float(change_.min()) >= 0
    assert float(change_.amax((1, 2, 3)).min()) > 0.02
    far = torch.nn.functional.max_pool2d(inside, 5, 1, 2) == 0
    assert float(change_[far].abs().max()) < 1e-6
    area = (place > 0.5).float().mean((1, 2, 3))
    nodule, mass, patch = (float(area[kinds == kind].mean()) for kind in range(3))
    assert nodule < mass < patch


def test_a_film_without_lungs_gets_no_lesion() -> None:
    films = torch.full((3, 1, SIZE, SIZE), 0.3)
    after, place = insert(films, torch.zeros_like(films), torch.arange(3), torch.Generator().manual_seed(2))
    assert torch.equal(after, films)
    assert float(place.abs().max()) == 0


def test_an_inserted_lesion_becomes_the_films_truth(lesson: Lesson) -> None:
    before, after = shown(lesson, inserted=0.5)
    changed = (after.films != before.films).flatten(1).any(1)
    assert 8 < int(changed.sum()) < 32
    assert torch.equal(after.targets[~changed], before.targets[~changed])
    said = after.targets[changed]
    assert (said[:, ANSWERS.index(NO_FINDING)] == 0).all()
    named = [[f for f, value in zip(ANSWERS, row, strict=False) if value == 1] for row in said.tolist()]
    assert {tuple(row) for row in named} <= {("Nodule",), ("Mass",), ("Pneumonia", "Consolidation")}
