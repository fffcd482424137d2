"""One DICOM file to a study with one series. Puts together what the other modules read; runs in the child process."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from app.domain import Image, Patient, Series, Study, Window, frozen
from app.errors import TooLarge
from app.ingest import charset, grouping, identity, padding, pixels, presentation, refusals, sequence, words
from app.ingest.geometry import geometry
from app.ingest.greyscale import Grey, modality_values, sixteen, voi_lut, windows
from app.ingest.header import Header
from app.ingest.layout import GREYS, Layout, layout
from app.ingest.limits import ITEMS, MUCH_SAID, TABLES, Limits
from app.ingest.parsing import Parsed, parse
from app.ingest.sheet import Keep, Stored

NEW_UIDS = "The header lacks a valid identifier; one was made from the file's content."
UNDELIMITED = "The file breaks off before its last delimiter; every pixel is there."
ASSUMED_SYNTAX = "The file does not say how it is encoded (no file meta information); the encoding was recognised."


def study(path: Path, sha256: str, limits: Limits, keep: Keep | None = None) -> tuple[Study, tuple[str, ...]]:
    """The study in a file, its one series with one image per frame, and the warnings; ``keep`` says where its pixels go.

    Raises InputError with a sentence, MemoryError, RecursionError, OSError of the disk, and on damaged files anything that
    pydicom raises.
    """
    parsed = parse(path, limits)
    header, meta = Header([parsed.dataset], little=parsed.little_endian), Header([parsed.meta])
    charset.settle(parsed.dataset, header)
    if parsed.undelimited:
        header.warn(UNDELIMITED)
    if not parsed.transfer_syntax:
        header.warn(ASSUMED_SYNTAX)
    uid = refusals.sop_class(header, meta)
    refusals.refuse(header, uid, parsed.cut)
    whole = _study(header, sha256)
    series = _series(header, whole.study_uid, sha256)
    refusals.check_modality(header, uid, series.modality)
    found = layout(header, limits)
    presentation.remark(header, parsed.transfer_syntax)
    images = tuple(
        image if keep is None else replace(image, stored=keep(image.stored, found.frames))
        for image in _counted(_images(parsed, header, found, series.modality, _instance(header, meta, sha256)))
    )
    warnings = tuple(header.warnings)  # only now is it known what there is to warn of
    images = tuple(replace(image, warnings=warnings, sop_class_uid=_valid(uid)) for image in images)
    return replace(whole, series=(replace(series, images=images),)), warnings


def _study(header: Header, sha256: str) -> Study:
    return Study(
        study_uid=grouping.study_uid(header, sha256),
        patient=Patient(
            name=header.name("PatientName"),
            id=header.text("PatientID"),
            birth_date=header.date("PatientBirthDate"),
            sex=header.text("PatientSex"),
        ),
        series=(),
        date=header.date("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"),
        time=header.time("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"),
        accession=header.text("AccessionNumber"),
        description=words.study(header),
        phantom=header.text("QualityControlSubject").upper() == "YES",
    )


def _series(header: Header, study: str, sha256: str) -> Series:
    return Series(
        series_uid=grouping.series_uid(header, study, sha256),
        modality=header.text("Modality").upper(),
        images=(),
        body_part=words.body_part(header),
        view_position=header.text("ViewPosition").upper(),
        description=words.series(header),
        weighting=sequence.weighting(next(header.frames(1))) if header.text("Modality").upper() == "MR" else "",
        localizer=sequence.localizer(header) if header.text("Modality").upper() == "MR" else False,
    )


def _images(parsed: Parsed, header: Header, found: Layout, modality: str, uid: str) -> Iterator[Image]:
    decoded = pixels.frames(parsed, header, found)
    grey = found.photometric in GREYS
    photometric = presentation.photometric(header, found.photometric)
    for index, (values, frame) in enumerate(zip(decoded, header.frames(found.frames), strict=True), start=1):
        # A luminance has no modality units.
        shown = modality_values(values, frame, modality) if grey else Grey(sixteen(values, frame)[0], 1.0, 0.0, "")
        place = geometry(frame, modality)
        own = windows(frame) if grey else (_full(found, header),)
        table = voi_lut(frame, shown) if grey else None
        if grey and (hidden := padding.found(values, frame)) is not None:
            shown, window = padding.laid_aside(shown, hidden, photometric, header)
            own = own or (() if table is not None else (window,))
        yield Image(
            sop_instance_uid=uid,
            frame=index,
            stored=cast(Stored, frozen(shown.stored)),
            slope=shown.slope,
            intercept=shown.intercept,
            units=shown.units,
            photometric=photometric,
            windows=own,
            voi_lut=table,
            pixel_spacing=place.pixel_spacing,
            spacing_kind=place.spacing_kind,
            orientation=place.orientation,
            position=place.position,
            axes=place.axes,
            instance_number=_whole(header, "InstanceNumber"),
            echo_time=sequence.echo_time(frame) if modality == "MR" else None,
            frame_of_reference_uid=_valid(frame.text("FrameOfReferenceUID")),
            location=place.location,
            kind=sequence.kind(frame),
            moment=sequence.moment(frame),
            aspect=place.aspect,
            series_number=_whole(header, "SeriesNumber"),
        )


def _whole(header: Header, keyword: str) -> int:
    found = header.numbers(keyword)[:1]
    return int(found[0]) if found and abs(found[0]) < 2**31 else 0


def _counted(images: Iterator[Image]) -> Iterator[Image]:
    """The images as long as their windows and tables are as many as any image needs; then TooLarge."""
    windows = tables = 0
    for image in images:
        windows += len(image.windows)
        tables += 0 if image.voi_lut is None else image.voi_lut.data.nbytes
        if windows > ITEMS or tables > TABLES:
            raise TooLarge(MUCH_SAID)
        yield image


def _full(found: Layout, header: Header) -> Window:
    """The window of a colour image: as bright as it was."""
    bits = pixels.palette_bits(header) if found.photometric == "PALETTE COLOR" else found.stored
    return Window(centre=2.0 ** (bits - 1), width=2.0**bits, label="full range")


def _instance(header: Header, meta: Header, sha256: str) -> str:
    """SOP Instance UID (0008,0018), else the one in the file meta information."""
    named = meta.text("MediaStorageSOPInstanceUID")
    if not identity.valid(header.text("SOPInstanceUID")) and identity.valid(named):
        return named
    return _uid(header, "SOPInstanceUID", sha256)


def _uid(header: Header, keyword: str, sha256: str) -> str:
    found = header.text(keyword)
    if identity.valid(found):
        return found
    header.warn(NEW_UIDS)
    return identity.generated(sha256, keyword)


def _valid(uid: str) -> str:
    """A UID that is one, or the empty string."""
    return uid if identity.valid(uid) else ""
