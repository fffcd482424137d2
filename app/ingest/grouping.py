"""Which study and series a file belongs to where its header does not say: by what remains of patient, visit and place.

Study and Series Instance UID (0020,000D; 0020,000E) are of type 1, and yet some senders leave them empty. A UID made from one
file's octets would make a study of every slice. So it is made from what all files of a visit share, and of a series: the same
words give the same UID, whichever file comes first. Knows header values.
"""

from app.ingest import identity
from app.ingest.header import Header
from app.stacks import NO_SERIES_UID

NEW_STUDY = "The header has no valid Study Instance UID; files of one patient and accession, visit or series were put together."


def study_uid(header: Header, sha256: str) -> str:
    """Study Instance UID, or one for all files of a patient with the same accession number, else the same study date and time,
    else the same frame of reference or series; for want of all that, one for this file."""
    found = header.text("StudyInstanceUID")
    if identity.valid(found):
        return found
    header.warn(NEW_STUDY)
    patient = (header.text("PatientID"), header.name("PatientName"), header.date("PatientBirthDate"))
    accession = header.text("AccessionNumber")
    visit = (header.date("StudyDate"), header.time("StudyTime"))
    frame, series = (header.text(keyword) for keyword in ("FrameOfReferenceUID", "SeriesInstanceUID"))
    if accession:
        key: tuple[str, ...] = ("accession", *patient, accession)
    elif all(visit) and any(patient):
        key = ("visit", *patient, *visit)
    elif identity.valid(frame):
        key = ("frame", *patient, frame)
    elif identity.valid(series):
        key = ("series", *patient, series)
    else:
        key = ("file", sha256)
    return identity.generated("\0".join(key), "StudyInstanceUID")


def series_uid(header: Header, study: str, sha256: str) -> str:
    """Series Instance UID, or one for all files of a study with the same modality, series number, description and frame of
    reference, where at least one of the last three is there; else one for this file."""
    found = header.text("SeriesInstanceUID")
    if identity.valid(found):
        return found
    header.warn(NO_SERIES_UID)
    told = tuple(header.text(keyword) for keyword in ("SeriesNumber", "SeriesDescription", "FrameOfReferenceUID"))
    key = (study, header.text("Modality"), *told) if any(told) else (study, sha256)
    return identity.generated("\0".join(key), "SeriesInstanceUID")
