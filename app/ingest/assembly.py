"""Files' studies put together: one study per UID, one series per UID, slices in the order in which they lie in the body.

Knows the domain and its geometry only.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from app.domain import Image, Patient, Series, Study
from app.stacks import JOINED, STACKED, together

Key = tuple[float, ...]


def assemble(studies: Iterable[Study]) -> tuple[Study, ...]:
    """Merge studies and series by UID, in the order they came. An image that is there already (UID and frame) is left out."""
    merged: dict[str, Study] = {}
    for study in studies:
        known = merged.get(study.study_uid)
        merged[study.study_uid] = study if known is None else _joined(known, study)
    return tuple(
        replace(study, series=tuple(replace(each, images=in_order(each.images)) for each in _one_each(study.series)))
        for study in merged.values()
    )


def _one_each(series: tuple[Series, ...]) -> tuple[Series, ...]:
    """The series, those that are one (`app.stacks.together`) joined under the first one's UID."""
    joined: dict[str, Series | None] = {}
    for group in together(series, STACKED):
        images = tuple(image for each in group for image in _alone(each))
        joined |= {each.series_uid: None for each in group} | {group[0].series_uid: replace(group[0], images=images)}
    kept = (joined.get(each.series_uid, each) for each in series)
    return tuple(each for each in kept if each is not None)


def _alone(series: Series) -> tuple[Image, ...]:
    """The images of a series that is put with others, with a remark on one that came alone."""
    if len(series.images) > 1:
        return series.images
    return tuple(replace(image, warnings=(*image.warnings, JOINED)) for image in series.images)


def _joined(first: Study, second: Study) -> Study:
    series = {each.series_uid: each for each in first.series}
    for each in second.series:
        known = series.get(each.series_uid)
        series[each.series_uid] = each if known is None else _filled(known, each)
    told = {
        name: getattr(first, name) or getattr(second, name) for name in ("date", "time", "accession", "description", "phantom")
    }
    patient = first.patient if first.patient != Patient() else second.patient
    return replace(first, patient=patient, series=tuple(series.values()), **told)


def _filled(first: Series, second: Series) -> Series:
    images = {(image.sop_instance_uid, image.frame): image for image in (*second.images, *first.images)}
    told = {
        name: getattr(first, name) or getattr(second, name)
        for name in ("modality", "body_part", "view_position", "description", "weighting", "localizer")
    }
    known = [(image.sop_instance_uid, image.frame) for image in first.images]
    added = [key for key in images if key not in set(known)]
    return replace(first, images=tuple(images[key] for key in (*known, *added)), **told)


def in_order(images: Iterable[Image]) -> tuple[Image, ...]:
    """Slices of one plane by their place along its normal, planes one after the other; without geometry by instance number.

    Images without a position come last. Image Position and Orientation (Patient): PS3.3 C.7.6.2.1.1.
    """
    images = tuple(images)
    planes: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = []
    keys: dict[int, Key] = {}
    for image in sorted(images, key=lambda image: (image.instance_number, image.sop_instance_uid, image.frame)):
        number = (float(image.instance_number), float(image.frame))
        if image.position is None or image.axes is None:
            keys[id(image)] = (float("inf"), 0.0, *number)
            continue
        normal = np.cross(image.axes[:3], image.axes[3:])
        plane = next((index for index, known in enumerate(planes) if float(known @ normal) > 0.99), len(planes))
        if plane == len(planes):
            planes.append(normal)
        along = float(np.dot(image.position, planes[plane]))
        keys[id(image)] = (float(plane), round(along, 3), *number)
    return tuple(sorted(images, key=lambda image: keys[id(image)]))
