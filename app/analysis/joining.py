"""Files come one by one; an exam of stacks is what has one Study Instance UID (0020,000D), wherever its files lie."""

from collections.abc import Iterable
from dataclasses import replace

from app.domain import Image, Series, Study


def whole(parts: Iterable[Study]) -> tuple[Study, ...]:
    """Studies of what came in pieces: series by their UID, each with all its images; the same image once."""
    studies: dict[str, Study] = {}
    series: dict[str, dict[str, Series]] = {}
    images: dict[tuple[str, str], dict[tuple[str, int], Image]] = {}
    for part in parts:
        studies.setdefault(part.study_uid, part)
        for one in part.series:
            series.setdefault(part.study_uid, {}).setdefault(one.series_uid, one)
            mine = images.setdefault((part.study_uid, one.series_uid), {})
            for image in one.images:
                mine.setdefault((image.sop_instance_uid, image.frame), image)
    return tuple(
        replace(
            study,
            series=tuple(
                replace(one, images=tuple(images[study_uid, one.series_uid].values())) for one in series[study_uid].values()
            ),
        )
        for study_uid, study in studies.items()
    )
