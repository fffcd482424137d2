"""The studies a new installation opens with: nine phantoms that tell what the product is for.

Knows this room's drawing and DICOM. The order is the story's: a healthy chest, one finding after another, two at once in the
other photometric interpretation, and at last the same chest with and without a drain, read by the network that has learned the
drain instead of the lung.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.phantoms import chest, dicom

SIZE = 1024
SHORTCUT = "chest-phantom-shortcut"


@dataclass(frozen=True, slots=True)
class DemoStudy:
    """One study of the demo: ``file`` is a whole DICOM file, to be handed in under ``name`` like any other.

    ``model`` names the network that is to read it, None the one that the registry chooses. ``findings`` is the truth. ``note``
    is a sentence for people (English; a message id).
    """

    name: str
    file: bytes
    model: str | None
    note: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """What `studies` draws: see `chest.draw`."""

    name: str
    seed: int
    findings: tuple[str, ...]
    severity: float
    title: str
    note: str
    tube: bool = False
    model: str | None = None
    monochrome1: bool = False


SCENES = (
    Scene("normal", 1003, (), 0.0, "Phantom: healthy chest", "A healthy chest: nothing to find, and maps that should say so."),
    Scene(
        "nodule",
        1013,
        ("Nodule",),
        0.7,
        "Phantom: nodule, easily missed",
        "One nodule beside the left hilum; the phantom network misses it.",
    ),
    Scene("effusion", 1022, ("Effusion",), 0.6, "Phantom: effusion", "Fluid in the right pleural space with its meniscus."),
    Scene("cardiomegaly", 1031, ("Cardiomegaly",), 0.6, "Phantom: large heart", "An enlarged heart."),
    Scene(
        "pneumothorax",
        1041,
        ("Pneumothorax",),
        0.6,
        "Phantom: pneumothorax",
        "Air around the right lung: look for the thin pleural line.",
    ),
    Scene(
        "consolidation",
        1051,
        ("Consolidation",),
        0.7,
        "Phantom: consolidation",
        "A consolidation at the right, ending at the fissure.",
    ),
    Scene(
        "mass-and-effusion",
        1062,
        ("Effusion", "Mass"),
        0.6,
        "Phantom: mass and effusion, MONOCHROME1",
        "A mass in the right lung and fluid on the same side, stored as MONOCHROME1: low values are bright.",
        monochrome1=True,
    ),
    Scene(
        "drain",
        1073,
        (),
        0.0,
        "Phantom: drain, no pneumothorax",
        "A chest drain and no pneumothorax. The shortcut network calls it one: the right label's wrong reason.",
        tube=True,
        model=SHORTCUT,
    ),
    Scene(
        "drain-removed",
        1073,
        (),
        0.0,
        "Phantom: the same chest, no drain",
        "The same chest without the drain: the finding goes with it.",
        model=SHORTCUT,
    ),
)


def studies(size: int = SIZE) -> Iterator[DemoStudy]:
    """Draw and encode the demo's studies one by one, always the same bytes; about half a second each at full size."""
    for number, scene in enumerate(SCENES, start=1):
        film = chest.draw(scene.seed, scene.findings, scene.tube, size, severity=scene.severity, devices_too=False, marker=True)
        header = dicom.Header(
            number=number,
            date="20260105",
            time=f"{8 + number // 2:02d}{number % 2 * 30:02d}00",
            monochrome1=scene.monochrome1,
            description=scene.title,
        )
        yield DemoStudy(
            name=f"phantom-{number}-{scene.name}.dcm",
            file=dicom.encode(film, header),
            model=scene.model,
            note=scene.note,
            findings=film.labels,
        )
