"""DICOM files that hold no film, and the sentence for each. Knows SOP classes (PS3.4 B.5) and what a header contains."""

from typing import Final

from pydicom.uid import UID

from app.errors import NotReadable
from app.ingest.header import Header
from app.ingest.skipping import DiscIndex

_DIRECTORY = "1.2.840.10008.1.3.10"
_STORAGE = "1.2.840.10008.5.1.4.1.1."

REPORT = "This is a structured report (SR), which holds no image. Upload the images it reports on."
DOCUMENT = "This is a document (PDF or the like) inside DICOM, which holds no image. Upload the images it goes with."
WAVEFORM = "This is a waveform (ECG or the like), which holds no image. Upload images."
CONTOURS = "This is a set of radiotherapy structures (contours), which holds no image. Upload the images they were drawn on."
PLAN = "This is a radiotherapy plan or record, which holds no image. Upload the images it was made from."
SEGMENTATION = "This is a segmentation (masks), not a film. Upload the images it was made from."
PRESENTATION = "This is a presentation state, which holds no image of its own. Upload the images it refers to."
NOTES = "This is a note about images (%(name)s), which holds no image of its own. Upload the images it refers to."
SLIDE = "This is a whole-slide microscopy image, made of tiles. Whylight reads radiology images; upload one of those."
NO_PIXELS = "The file has no pixel data (%(name)s). Upload the image itself; if it should be one, export it again."
CUT = "The pixel data cannot be reached: the file is incomplete or damaged. Copy or export it again."
NOT_DICOM = "This is no DICOM image, or it is too damaged to be read. If it should be one, export it again."

# Longest prefix first; a class that is listed here is refused even if it carries pixels.
NEVER: Final = (
    (_STORAGE + "66.4", SEGMENTATION),
    (_STORAGE + "66.7", SEGMENTATION),
    (_STORAGE + "77.1.6", SLIDE),
)
WITHOUT: Final = (
    (_STORAGE + "88.59", NOTES),
    (_STORAGE + "88.", REPORT),
    (_STORAGE + "104.", DOCUMENT),
    (_STORAGE + "9.", WAVEFORM),
    (_STORAGE + "481.3", CONTOURS),
    (_STORAGE + "481.", PLAN),
    (_STORAGE + "11.", PRESENTATION),
    (_STORAGE + "91.", NOTES),
    (_STORAGE + "67", NOTES),
    (_STORAGE + "66", NOTES),
)

MODALITIES: Final[dict[str, frozenset[str]]] = {
    "1": frozenset({"CR", "DX", "RG"}), "1.1": frozenset({"DX", "CR", "PX"}), "1.1.1": frozenset({"DX", "CR", "PX"}),
    "1.2": frozenset({"MG"}), "1.2.1": frozenset({"MG"}), "2": frozenset({"CT"}), "2.1": frozenset({"CT"}),
    "2.2": frozenset({"CT"}), "4": frozenset({"MR"}), "4.1": frozenset({"MR"}), "6.1": frozenset({"US"}),
    "3.1": frozenset({"US"}), "128": frozenset({"PT"}), "20": frozenset({"NM"}), "12.1": frozenset({"XA", "RF"}),
    "12.2": frozenset({"RF", "XA"}),
}  # fmt: skip
"""The modalities that belong to an image class, by the class's last numbers."""

WRONG_MODALITY = "The modality in the header does not fit the kind of image the file says it is; check whether the model fits."
NO_MODALITY = "The header names no modality."
ODD_CLASS = "The file says that it is no image, yet it has pixel data; the pixels are shown."


def sop_class(header: Header, meta: Header) -> str:
    """SOP Class UID (0008,0016), else the one in the file meta information."""
    return header.text("SOPClassUID") or meta.text("MediaStorageSOPClassUID")


def refuse(header: Header, uid: str, cut: bool) -> None:
    """Raise NotReadable for what is no image."""
    for prefix, sentence in NEVER:
        if uid == prefix or uid.startswith(prefix + "."):
            raise NotReadable(sentence)
    index = uid == _DIRECTORY or header.has("DirectoryRecordSequence")
    found = next((sentence for prefix, sentence in WITHOUT if uid.startswith(prefix)), None)
    if any(header.has(keyword) for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        if index or (found is not None and not uid.startswith(_STORAGE + "481.")):  # RT images and RT doses are images
            header.warn(ODD_CLASS)
        return
    if index:
        raise DiscIndex
    name = UID(uid).name[:100] if uid else ""
    if found is not None and not uid.startswith((_STORAGE + "481.1", _STORAGE + "481.2")):
        raise NotReadable(found, {"name": name})
    if cut:
        raise NotReadable(CUT)
    if not uid and not header.has("Rows") and not header.has("Modality"):
        raise NotReadable(NOT_DICOM)
    raise NotReadable(NO_PIXELS, {"name": name or header.text("Modality") or "DICOM"})


def check_modality(header: Header, uid: str, modality: str) -> None:
    """Warn where the modality is missing or does not belong to the SOP class."""
    fitting = MODALITIES.get(uid.removeprefix(_STORAGE))
    if not modality:
        header.warn(NO_MODALITY)
    elif fitting is not None and modality not in fitting:
        header.warn(WRONG_MODALITY)
