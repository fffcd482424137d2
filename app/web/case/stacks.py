"""What lies on the screen: which images of a study make the runs that panes scroll through, and what is said of them in words.

An exam of MR is looked at by its stacks, three planes at once; everything else by its series of films, one film at a time.
Knows the store's rows and the words; no route, no network.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from statistics import median
from typing import cast

from app.desk.opening import times_halved
from app.domain import LATERAL_VIEWS, READ_PLANES, Plane
from app.errors import NotFound
from app.stacks import STACKED, Side, begins, turned
from app.store import AnswerRow, ImageRow, SeriesRow, StackRow, StudyRow
from app.web.addresses import served
from app.web.case.payload import Arrangement
from app.web.case.payload_stacks import Facing, ImageData, LutData, SaidData, StackData, WindowData
from app.web.wording import Translate, caution, lying, plane, side, slices, spacing, titled


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What a pane scrolls through, in the reader's order: the slices of a ``stack``, or a whole series of films, each a stack
    of its own."""

    series: SeriesRow
    images: tuple[ImageRow, ...]
    stack: StackRow | None = None

    @property
    def turned(self) -> bool:
        """Whether the slices lie the other way round than they are stored."""
        return self.stack is not None and self.images[0].id != self.stack.images[0]

    @property
    def frame(self) -> str:
        """Frame of Reference UID (0020,0052); empty where none of the images says one."""
        return max(image.frame_of_reference_uid for image in self.images)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What is shown of a study. ``stacks`` are those that answers and layers are looked for on: an exam's, or the one of the
    shown film (none while its upload is not over yet). ``image`` is the film, or the slice that the address names, if any."""

    study: StudyRow
    arrangement: Arrangement
    image: ImageRow | None
    runs: tuple[Run, ...]
    stacks: tuple[StackRow, ...]
    places: Mapping[str, tuple[str, int]]
    """The stored stack of each image, and its place there from 0, by the image's id."""

    @property
    def planes(self) -> bool:
        """Whether the study is shown as an exam."""
        return self.arrangement == "planes"

    @property
    def film(self) -> StackRow | None:
        """The stack of the shown film; None in planes."""
        return None if self.planes else next(iter(self.stacks), None)

    @property
    def series(self) -> tuple[SeriesRow, ...]:
        """The series that networks are chosen for: the shown film's, or all of the exam's."""
        named = self.image.series_id if self.image and not self.planes else ""
        rows = (row for row in self.study.series if (row.id == named if named else row.modality in STACKED))
        return tuple(rows)

    @property
    def others(self) -> tuple[SeriesRow, ...]:
        """The study's series that are in none of the runs."""
        here = {image.series_id for run in self.runs for image in run.images}
        return tuple(series for series in self.study.series if series.id not in here)


def shown(
    study: StudyRow,
    stacks: Sequence[StackRow],
    answers: Sequence[AnswerRow],
    image_id: str,
    directions: Mapping[Plane, Side],
) -> Shown:
    """What a case shows: as an exam a study that has a stack of several slices that is no localizer, unless the address names
    an image of another series; else the film that is named, the first that a network has read, or the first, laterals last.
    ``stacks`` are those of the study as they are now; ``directions``: from which side the reader goes through those of a plane.
    NotFound for an image that the study does not have."""
    mine = {series.id for series in study.series if series.modality in STACKED}
    exam = any(len(stack.images) > 1 and not stack.localizer for stack in stacks if stack.series_id in mine)
    named = next((image for image in study.images if image.id == image_id), None)
    if image_id and named is None:
        raise NotFound("This study has no such image.")
    if exam and (named is None or named.series_id in mine):
        return _exam(study, [stack for stack in stacks if stack.series_id in mine], named, directions)
    film = named or _first(study, stacks, answers)
    series = [one for one in study.series if not (exam and one.id in mine)]
    return Shown(
        study=study,
        arrangement="grid",
        image=film,
        runs=tuple(Run(one, one.images) for one in series),
        stacks=tuple(stack for stack in stacks if stack.images == (film.id,)),
        places=_places(stacks),
    )


def _exam(study: StudyRow, stacks: Sequence[StackRow], named: ImageRow | None, directions: Mapping[Plane, Side]) -> Shown:
    series = {one.id: one for one in study.series}
    images = {image.id: image for image in study.images}
    runs = []
    for one in stacks:
        seen = turned([images[image] for image in one.images], one.plane, one.between, directions)
        runs.append(Run(series[one.series_id], seen, one))
    return Shown(study, "planes", named, tuple(ordered(runs)), tuple(stacks), _places(stacks))


def _first(study: StudyRow, stacks: Sequence[StackRow], answers: Sequence[AnswerRow]) -> ImageRow:
    """The first film that a network has read, else the first; a lateral only where no other film is as far."""
    by_id, series = {stack.id: stack for stack in stacks}, {one.id: one for one in study.series}
    read = {by_id[row.stacks[0]].images[0] for row in answers if row.stacks[0] in by_id}

    def order(image: ImageRow) -> tuple[bool, bool]:
        return image.id not in read, facing(image, series[image.series_id]) == "lateral"

    return min(study.images, key=order)


def _places(stacks: Sequence[StackRow]) -> Mapping[str, tuple[str, int]]:
    return {image: (stack.id, place) for stack in stacks for place, image in enumerate(stack.images)}


def ordered(runs: Sequence[Run]) -> list[Run]:
    """The stacks of an exam as readers look for them: by plane, localizers last."""
    places = {name: place for place, name in enumerate(READ_PLANES)}

    def order(run: Run) -> tuple[bool, int]:
        stack = run.stack
        return (stack.localizer, places.get(stack.plane, len(places))) if stack else (False, 0)

    return sorted(runs, key=order)


def told(seen: Shown, opened: Set[str], _: Translate) -> tuple[StackData, ...]:
    """Every run's entry; ``opened`` are the ids of those that lie on the screen."""
    frames = dict.fromkeys(run.frame for run in seen.runs if run.frame and seen.planes)
    spaces = {frame: str(number) for number, frame in enumerate(frames, start=1)}
    numbers = {series.id: number for number, series in enumerate(seen.study.series, start=1)}
    return tuple(
        _slices(run, run.stack, seen, used=run.stack.id in opened, space=spaces.get(run.frame, ""), _=_)
        if run.stack
        else _films(run, seen, number=numbers[run.series.id], used=run.series.id in opened, _=_)
        for run in seen.runs
    )


def _slices(run: Run, stack: StackRow, seen: Shown, *, used: bool, space: str, _: Translate) -> StackData:
    """The entry of an exam's stack."""
    said, description = stack.correction, run.series.description
    kind = _("localizer") if stack.localizer else ""
    first = begins(run.images, stack.plane, stack.between, along=not run.turned)
    return StackData(
        id=stack.id,
        series=run.series.id,
        kind="slices",
        plane=stack.plane,
        weighting=stack.weighting,
        localizer=stack.localizer,
        used=used,
        title=called(stack, _),
        listed=" · ".join(filter(None, (called(stack, _), description, kind, slices(len(stack.images), _)))),
        description=description,
        said=SaidData(said.plane or "", said.weighting or "", {None: "", True: "yes", False: "no"}[said.used]),
        between=stack.between,
        begins=side(first, _) if first else "",
        windows=windows(run.images),
        oddities=tuple(_(odd.template, **numbered(odd.values, run)) for odd in stack.oddities),
        space=space,
        images=tuple(image_data(image, seen.places, _) for image in run.images),
    )


def called(stack: StackRow, _: Translate) -> str:
    """What a stack shows."""
    return " ".join(filter(None, (titled(plane(stack.plane, _)), stack.weighting)))


def numbered(values: Mapping[str, str | int | float], run: Run) -> Mapping[str, str | int | float]:
    """The values of a sentence about a stack, its slices counted as the reader does; "a" and "b" are neighbours."""
    if not run.turned:
        return values
    partner = {"a": "b", "b": "a", "slice": "slice"}
    counted = {name: len(run.images) + 1 - int(values[other]) for name, other in partner.items() if other in values}
    return {**values, **counted}


def _films(run: Run, seen: Shown, *, number: int, used: bool, _: Translate) -> StackData:
    """The entry of a series of films; ``number`` is its own among the study's."""
    series, count = run.series, len(run.images)
    where = lying(run.images[0].orientation, _) or series.view_position
    title = " · ".join(filter(None, (str(number), series.description, where)))
    counted = _("%(n)s image", n=count) if count == 1 else _("%(n)s images", n=count)
    return StackData(
        id=series.id,
        series=series.id,
        kind="film",
        plane="",
        weighting="",
        localizer=False,
        used=used,
        title=title,
        listed=f"{title} · {counted}",
        description=series.description,
        said=SaidData("", "", ""),
        between=None,
        begins="",
        windows=(),
        oddities=(),
        space="",
        images=tuple(replace(image_data(image, seen.places, _), facing=facing(image, series)) for image in run.images),
    )


def facing(image: ImageRow, series: SeriesRow) -> Facing:
    """How a film was taken: by the letters of its left and its top edge, else by the view that its series' header names."""
    across = {letter: name for name, letters in {"frontal": "RL", "lateral": "AP"}.items() for letter in letters}
    left, top = (letters[:1] for letters in image.orientation[:2])
    if left in across and top in {"H", "F"}:
        return cast(Facing, across[left])
    view = series.view_position.strip().upper()
    return "frontal" if view in {"PA", "AP"} else "lateral" if view in LATERAL_VIEWS else ""


def windows(images: Sequence[ImageRow]) -> tuple[WindowData, ...]:
    """A stack's windows out of its slices' headers: MR writes another one into every slice, and a window that changes while
    somebody scrolls hides what changes in the image. The median of each, for as many as every slice has."""
    shared = min((len(image.windows) for image in images), default=0)
    columns = [[image.windows[at] for image in images] for at in range(shared)]
    return tuple(
        WindowData(median(w.centre for w in column), median(w.width for w in column), column[0].function, column[0].label)
        for column in columns
    )


def image_data(image: ImageRow, places: Mapping[str, tuple[str, int]], _: Translate) -> ImageData:
    """One image's entry."""
    stack, at = places.get(image.id, ("", 0))
    lut = image.voi_lut
    return ImageData(
        id=image.id,
        stack=stack,
        at=at,
        rows=image.rows,
        columns=image.columns,
        signed=image.signed,
        slope=image.slope,
        intercept=image.intercept,
        units=image.units,
        photometric=image.photometric,
        windows=tuple(WindowData(w.centre, w.width, w.function, w.label) for w in image.windows),
        voi_lut=LutData(lut.first, lut.bits, served(f"/images/{image.id}/voi-lut")) if lut else None,
        spacing=image.pixel_spacing,
        spacing_kind=spacing(image.spacing_kind, _),
        spacing_caution=caution(image.spacing_kind, image.pixel_spacing, _),
        orientation=image.orientation,
        position=image.position,
        axes=image.axes,
        pixels_url=served(f"/images/{image.id}/pixels"),
        halved=times_halved(image.rows, image.columns),
        thumbnail_url=served(f"/images/{image.id}/thumbnail.png"),
        warnings=tuple(_(warning) for warning in image.warnings),
        aspect=image.aspect,
        number=image.instance_number,
    )


def remarks(images: Sequence[ImageRow], _: Translate) -> tuple[str, ...]:
    """What is to be said of the headers of images, each sentence once."""
    return tuple(dict.fromkeys(_(warning) for image in images for warning in image.warnings))
