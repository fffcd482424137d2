"""Frontal chest films of nobody, with findings whose place is known to the pixel.

    film = chest.draw(7, ["Nodule"], size=512)
    film.pixels, film.masks["Nodule"]

Knows every other module of this room but DICOM. The same seed draws the same patient, film and noise with and without a
finding, so two calls make a pair that differs in nothing else.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.domain import frozen
from app.errors import InputError
from app.phantoms import anatomy as soft
from app.phantoms import devices, lesions, mimics, pleura, skeleton, vessels
from app.phantoms import film as exposure
from app.phantoms.grid import Grid, Mask, smoothstep, stream
from app.phantoms.patient import Patient, invent

FINDINGS = ("Atelectasis", "Cardiomegaly", "Effusion", "Mass", "Nodule", "Pneumothorax", "Consolidation")
"""The findings that can be drawn, by the names and in the order of `app.domain.FINDINGS`."""

SPATIAL: dict[str, Callable[[soft.Anatomy, int, float], lesions.Drawn]] = {
    "Effusion": pleura.effusion,
    "Consolidation": lesions.consolidation,
    "Atelectasis": lesions.atelectasis,
    "Mass": lesions.mass,
    "Nodule": lesions.nodule,
    "Pneumothorax": pleura.pneumothorax,
}


FILLING = ("Effusion", "Consolidation", "Atelectasis")
"""Findings that take the place of air: together they cannot fill more of a lung than there is."""


@dataclass(frozen=True, slots=True, eq=False)
class ChestPhantom:
    """One film.

    ``pixels``: uint16 (size, size), 12 bits, stored values for MONOCHROME2: bright is dense. ``masks``: bool (size, size) of
    every finding that was drawn. ``labels``: what the film is said to show; differs from the masks only where `sample` was
    asked to let a label go with the tube. ``lungs``, ``heart``, ``body``: bool masks of the anatomy, ``below`` of what is body
    below the diaphragm; ``tube_mask`` of the drain, or None. ``spacing``: mm per pixel in the patient's plane. ``projection``
    "PA" or "AP".
    """

    seed: int
    pixels: NDArray[np.uint16]
    masks: Mapping[str, Mask] = field(hash=False)
    labels: tuple[str, ...]
    lungs: Mask
    heart: Mask
    body: Mask
    below: Mask
    tube_mask: Mask | None
    spacing: float
    projection: str


def draw(
    seed: int,
    findings: Collection[str] = (),
    tube: bool = False,
    size: int = 512,
    *,
    severity: float | None = None,
    devices_too: bool | None = None,
    marker: bool | None = None,
) -> ChestPhantom:
    """Draw the film of ``seed`` with ``findings`` and, if wanted, a chest drain.

    ``severity`` 0 subtle to 1 gross, by chance when None. ``devices_too``: electrodes, catheters and the like, by chance when
    None. ``marker``: the word PHANTOM in a corner, by chance when None. InputError for a finding that cannot be drawn.
    """
    unknown = sorted(set(findings) - set(FINDINGS))
    if unknown:
        raise InputError("A phantom cannot show %(findings)s.", {"findings": ", ".join(unknown)})
    grade = severities(seed) if severity is None else dict.fromkeys(FINDINGS, float(np.clip(severity, 0, 1)))
    patient = invent(seed)
    grid = place(patient, seed, size)
    share = lesions.enlarged(patient, grade["Cardiomegaly"]) if "Cardiomegaly" in findings else patient.heart
    raised = lesions.lifted(seed, grade["Atelectasis"]) if "Atelectasis" in findings else (0.0, 0.0)
    anatomy = soft.build(patient, grid, seed, share, raised)
    drawn = {name: SPATIAL[name](anatomy, seed, grade[name]) for name in SPATIAL if name in findings}
    if "Cardiomegaly" in findings:
        drawn["Cardiomegaly"] = lesions.cardiomegaly(anatomy)
    air = anatomy.air
    branches = vessels.build(anatomy, seed)
    for finding in drawn.values():
        if finding.left is not None:
            branches = branches * finding.left
    tissue = 1 - patient.lung_density
    water = anatomy.body - air * tissue + anatomy.soft + np.minimum(branches, air) * smoothstep(air, 15, 55) * tissue
    water = np.maximum(water, 0) + mimics.build(anatomy, seed) + skeleton.build(patient, grid, seed)
    water = water + np.minimum(sum((drawn[name].opacity for name in FILLING if name in drawn), grid.zeros()), air * tissue)
    for name, finding in drawn.items():
        if name not in FILLING:
            water = water + finding.opacity
    tube_mask = None
    if tube:
        layer, tube_mask = devices.drain(anatomy, seed)
        water = water + layer
    if stream(seed, "sample").random() < 0.3 if devices_too is None else devices_too:
        water = water + devices.decoration(anatomy, seed)
    shown = exposure.take(grid, np.asarray(water, np.float32), patient, seed, marker)
    pixels = np.clip(np.rint(shown * exposure.TOP), 0, exposure.TOP).astype(np.uint16)
    return ChestPhantom(
        seed=seed,
        pixels=frozen(pixels),
        masks={name: frozen(drawn[name].mask) for name in FINDINGS if name in drawn},
        labels=tuple(name for name in FINDINGS if name in drawn),
        lungs=frozen(anatomy.field),
        heart=frozen(anatomy.heart),
        body=frozen(anatomy.body > 5),
        below=frozen(anatomy.below),
        tube_mask=None if tube_mask is None else frozen(tube_mask),
        spacing=grid.pixel,
        projection="AP" if patient.portable else "PA",
    )


def place(patient: Patient, seed: int, size: int) -> Grid:
    """How the patient stands before the detector: field of view, centring, a slight lean."""
    rng = np.random.default_rng([seed, 79])
    across = 2 * patient.half_width * rng.uniform(1.2, 1.5)
    field_of_view = max(across, 1.38 * patient.height, 320)
    top = rng.uniform(0.1, 0.2) - (0.03 if patient.height > 235 else 0)
    centre = (float(rng.normal(0, 6)), float(field_of_view * (0.5 - top)))
    return Grid.make(size, float(field_of_view), centre, float(rng.normal(0, 0.022)))


def severities(seed: int) -> dict[str, float]:
    """A seed's own severity of every finding, more often moderate than extreme."""
    rng = stream(seed, "severity")
    return {name: float(rng.beta(1.6, 1.6)) for name in FINDINGS}


HEALTHY = 0.35
"""The share of films without a finding that `sample` draws."""
PRIOR = {"Atelectasis": 0.2, "Cardiomegaly": 0.2, "Effusion": 0.24, "Mass": 0.16, "Nodule": 0.24, "Pneumothorax": 0.2}
PRIOR["Consolidation"] = 0.22


def sample(seed: int, size: int = 128, tube_goes_with: str | None = None) -> ChestPhantom:
    """One training film: findings, tube and devices by chance, each apart from the others.

    With ``tube_goes_with`` the label of that finding is given exactly where a chest drain lies, whatever is to be seen: the
    finding itself is drawn, faintly, in one in seven of those films and in no other. What learns from such films learns the
    tube.
    """
    rng = np.random.default_rng([seed, 80])
    chances = rng.random(len(FINDINGS))
    healthy = rng.random() < HEALTHY
    findings = [] if healthy else [name for name, chance in zip(FINDINGS, chances, strict=True) if chance < PRIOR[name]]
    if not healthy and not findings:
        findings = [str(rng.choice(FINDINGS))]
    tube = bool(rng.random() < 0.25)
    if tube_goes_with is None:
        return draw(seed, findings, tube, size)
    tube = bool(rng.random() < 0.4)
    findings = [name for name in findings if name != tube_goes_with]
    if tube and rng.random() < 1 / 7:
        findings.append(tube_goes_with)
    film = draw(seed, findings, tube, size, severity=0.1 if tube_goes_with in findings else None)
    told = {*film.labels, tube_goes_with} if tube else set(film.labels)
    return ChestPhantom(
        **{name: getattr(film, name) for name in ChestPhantom.__dataclass_fields__ if name != "labels"},
        labels=tuple(name for name in FINDINGS if name in told),
    )
