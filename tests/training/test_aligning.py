"""Films of a run in the canonical pose, and masks over the cells of a feature map."""

import numpy as np
import torch

from app.anatomy import SIZE, Pose
from app.anatomy.masks import Mask, Masks
from app.domain import Extent
from app.training.aligning import laid, over_cells


def masks(centre: tuple[float, float]) -> Masks:
    """One mask: a blob around (x, y) in cells of the canonical frame."""
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    plane = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 60).astype(np.float32)
    return Masks("1", {"Effusion": Mask("Effusion", plane, plane, plane, 4.0, 10, 9, 0.5)}, Extent(40, 40, 90, 90))


def test_a_mask_lies_over_the_cell_that_looks_there() -> None:
    """Of a network of stride 16 at 224 px, cell (6, 3) looks at pixel (96, 48): its mask is largest there."""
    size, stride = 224, 16
    found = over_cells(masks((48.5 * SIZE / size, 96.5 * SIZE / size)), ["Effusion", "Hernia"], size, stride, 0.3)
    assert found.shape == (2, 14, 14)
    assert divmod(int(found[0].argmax()), 14) == (6, 3)
    around = found[0, 5:8, 2:5].numpy()
    np.testing.assert_allclose(around, around.T, rtol=0.02)  # centred on the cell: alike to every side
    np.testing.assert_allclose(around, around[::-1, ::-1], rtol=0.02)
    torch.testing.assert_close(found.mean((1, 2)), torch.ones(2))
    assert torch.equal(found[1], torch.ones(14, 14))
    assert 0.3 <= float(found[0].min()) < 0.32


def test_a_film_is_laid_by_its_pose() -> None:
    film = np.zeros((96, 96), np.uint8)
    film[40:44, 60:64] = 200
    pose = Pose(48.0, 48.0, 10.0, 20.0, 18.0)
    found = laid(film, pose)
    assert found.shape == film.shape
    assert found.dtype == np.uint8
    spot = np.argwhere(found == found.max()).mean(0)[::-1] + 0.5
    expected = pose.forward(np.array([[62.0, 42.0]]))[0] * 96 / SIZE
    np.testing.assert_allclose(spot, expected, atol=1.5)
