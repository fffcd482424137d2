"""The examinations of knees that a new installation can open with.

Knows this package's drawing and DICOM. A healthy knee that looks less healthy than it is, and two with what the network is
asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.phantoms.knee import dicom
from app.phantoms.knee.exam import draw

SIZE = 256


@dataclass(frozen=True, slots=True)
class DemoExam:
    """One examination of the demo.

    ``files``: (name, bytes) of whole DICOM files, to be handed in like any others. ``note`` is a sentence for people (English).
    ``findings`` is the truth.
    """

    name: str
    files: tuple[tuple[str, bytes], ...]
    note: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """What `exams` draws: see `app.phantoms.knee.draw`."""

    name: str
    seed: int
    lesions: tuple[str, ...]
    note: str


SCENES = (
    Scene("healthy", 2004, (), "A healthy knee: fluid in a bursa, red marrow in the shaft and nothing that matters."),
    Scene(
        "acl-tear",
        2011,
        ("ACL discontinuity", "bone bruise"),
        "The anterior cruciate ligament is torn, the bone bruised where the knee gave way.",
    ),
    Scene(
        "meniscal-tear", 2023, ("meniscal tear",), "A cleft in a meniscus that reaches its surface; the ligaments are whole."
    ),
)


def exams(size: int = SIZE) -> Iterator[DemoExam]:
    """Draw and encode the demo's examinations one by one, always the same bytes; a few seconds each at full size."""
    for number, scene in enumerate(SCENES, start=1):
        phantom = draw(scene.seed, scene.lesions, size)
        header = dicom.Header(number=number, date="20260106", time=f"{8 + number:02d}0000")
        files = tuple((f"phantom-knee-{number}-{name}", file) for name, file in dicom.encode(phantom, header))
        yield DemoExam(scene.name, files, scene.note, phantom.findings)
