"""How a header wants its grey shown, and what it says of the image that a reader should know. Knows header values, no pixel."""

from typing import Literal

from app.ingest.codecs import LOSSY
from app.ingest.header import Header

INVERSE = (
    "Presentation LUT Shape is INVERSE, which contradicts MONOCHROME2; the shape was followed, as DCMTK does. "
    "Other viewers may show this image the other way round."
)
IDENTITY = (
    "Presentation LUT Shape is IDENTITY, which contradicts MONOCHROME1; the shape was followed, as DCMTK does. "
    "Other viewers may show this image the other way round."
)
CONTRADICTIONS = {("INVERSE", "MONOCHROME2"): INVERSE, ("IDENTITY", "MONOCHROME1"): IDENTITY}
FOR_PROCESSING = "The image is marked FOR PROCESSING: raw values, not what the manufacturer shows a reader."
BURNED_IN = "The header says that writing is burned into the pixels; it may name the patient."
COMPRESSED = "The image was compressed with loss."
OVERLAYS = "The file has drawings or text in overlay planes, which are not shown."


def photometric(header: Header, told: str) -> Literal["MONOCHROME1", "MONOCHROME2"]:
    """Whether low values are bright, MONOCHROME1. A Presentation LUT Shape (2050,0020) has to agree with the photometric
    interpretation (PS3.3 C.8.11.3.1.2, C.11.6); where it does not, it wins, as in DCMTK's picture, and a remark says so."""
    own: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME1" if told == "MONOCHROME1" else "MONOCHROME2"
    shape = header.text("PresentationLUTShape").upper()
    if (shape, told) not in CONTRADICTIONS:
        return own
    header.warn(CONTRADICTIONS[shape, told])
    return "MONOCHROME2" if own == "MONOCHROME1" else "MONOCHROME1"


def remark(header: Header, syntax: str) -> None:
    """Warn of what is shown but is not what it may be taken for: Presentation Intent Type (0008,0068), Burned In Annotation
    (0028,0301), Lossy Image Compression (0028,2110), and of overlay planes (60xx,3000), which are not shown."""
    if header.text("PresentationIntentType").upper() == "FOR PROCESSING":
        header.warn(FOR_PROCESSING)
    if header.text("BurnedInAnnotation").upper() == "YES":
        header.warn(BURNED_IN)
    if header.text("LossyImageCompression") in ("01", "1") or syntax in LOSSY:
        header.warn(COMPRESSED)
    if any(own or embedded for own, embedded in header.overlays):
        header.warn(OVERLAYS)
