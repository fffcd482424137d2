"""A slice's header as the domain and the store keep it, and where it puts the slice. Knows no series and no pixels."""

import math
from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Axes = tuple[float, float, float, float, float, float]


class Placed(Protocol):
    """A slice as `app.domain.Image` and `app.store.records.ImageRow` have it."""

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID (0008,0018)."""

    @property
    def frame(self) -> int:
        """The frame in its file, from 1."""

    @property
    def instance_number(self) -> int:
        """Instance Number (0020,0013); 0: none."""

    @property
    def rows(self) -> int:
        """Rows (0028,0010)."""

    @property
    def columns(self) -> int:
        """Columns (0028,0011)."""

    @property
    def pixel_spacing(self) -> tuple[float, float] | None:
        """(between rows, between columns) in mm."""

    @property
    def position(self) -> tuple[float, float, float] | None:
        """Image Position (Patient) (0020,0032), mm."""

    @property
    def axes(self) -> Axes | None:
        """Image Orientation (Patient) (0020,0037)."""

    @property
    def echo_time(self) -> float | None:
        """(Effective) echo time, ms."""

    @property
    def frame_of_reference_uid(self) -> str:
        """Frame of Reference UID (0020,0052); empty where the header does not say."""

    @property
    def location(self) -> float | None:
        """Slice Location (0020,1041), mm."""

    @property
    def kind(self) -> str:
        """What it is, apart from place and time; as in `app.domain.Image`."""

    @property
    def moment(self) -> float | None:
        """Its place in time, as in `app.domain.Image`."""

    @property
    def content(self) -> str:
        """What tells its pixels from other pixels."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of its header, as message ids."""


P = TypeVar("P", bound=Placed)
P_co = TypeVar("P_co", bound=Placed, covariant=True)


class Parted(Protocol[P_co]):
    """A series as `app.domain.Series` and `app.store.records.SeriesRow` have it."""

    @property
    def series_uid(self) -> str:
        """Series Instance UID (0020,000E)."""

    @property
    def modality(self) -> str:
        """Modality (0008,0060)."""

    @property
    def weighting(self) -> str:
        """As in `app.domain.Series`."""

    @property
    def localizer(self) -> bool:
        """Whether the series was made to plan others."""

    @property
    def images(self) -> tuple[P_co, ...]:
        """Its slices, in any order."""


def identity(image: Placed) -> tuple[str, int]:
    """SOP Instance UID and frame."""
    return image.sop_instance_uid, image.frame


def count(image: Placed) -> tuple[float, str, int]:
    """By Instance Number; without one, last."""
    return (float(image.instance_number) if image.instance_number else math.inf, *identity(image))


def spacing(image: Placed) -> tuple[float, float]:
    """Pixel spacing to a hundredth of a millimetre; zeros where there is none."""
    down, across = image.pixel_spacing or (0.0, 0.0)
    return round(down, 2), round(across, 2)


def unit(image: Placed) -> NDArray[np.float64]:
    """The directions of rows and columns, (2, 3)."""
    return np.array(image.axes or (0.0,) * 6, np.float64).reshape(2, 3)


def normal(images: Sequence[Placed]) -> NDArray[np.float64]:
    """The normal of slices that lie the same way, (3,): rows × columns, the mean."""
    rows, columns = np.mean([unit(image) for image in images], axis=0)
    normal = np.cross(rows, columns)
    length = float(np.linalg.norm(normal))
    return np.asarray(normal / length if length else normal, np.float64)


def along(image: Placed, normal: NDArray[np.float64] | None) -> float:
    """How far a slice lies along a normal, mm; without a position or an orientation, its Slice Location (0020,1041)."""
    if normal is not None and image.position is not None:
        return float(np.dot(image.position, normal))
    return image.location or 0.0
