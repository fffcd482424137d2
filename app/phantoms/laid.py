"""Devices laid over films that were not drawn here: a chest drain, a central catheter, electrodes with wires, a pacemaker; and
a marker of lead.

Where they lie is where a drawn patient of about the usual framing has them. Knows the devices and the grid; no film.
"""

from dataclasses import dataclass

import numpy as np

from app.phantoms import devices
from app.phantoms.chest import place
from app.phantoms.grid import F32, Grid, stream
from app.phantoms.patient import Patient, invent

KINDS = ("drain", "catheter", "electrodes", "pacemaker")
MARKER = "marker"
BRIGHT = 0.95
"""The share of white of lead."""
DENSER = 0.035
"""How fast a device turns white, per mm of water that it is worth: the share of white is 1 − exp(−this · mm)."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """A drawn patient before the detector, without the drawing."""

    patient: Patient
    grid: Grid


def plate(seed: int, size: int, kind: str) -> F32:
    """One device, or the marker, as a share of white, float32 (size, size) in [0, 1). ValueError for another kind."""
    if kind == MARKER:
        return np.asarray(BRIGHT * marker(seed, size), np.float32)
    patient = invent(seed)
    bearer = Bearer(patient, place(patient, seed, size))
    rng = stream(seed, "devices")
    if kind == "drain":
        layer = devices.drain(bearer, seed)[0]
    elif kind == "catheter":
        layer = devices.catheter(bearer, rng)
    elif kind == "electrodes":
        layer = devices.electrodes(patient, bearer.grid, rng)
    elif kind == "pacemaker":
        layer = devices.pacemaker(bearer, rng)
    else:
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
    return np.asarray(1 - np.exp(-DENSER * np.maximum(layer, 0)), np.float32)


def marker(seed: int, size: int) -> F32:
    """A ring and a letter of lead on the film's border, where markers lie: where it is, float32 (size, size) in [0, 1]."""
    rng = np.random.default_rng([seed, 91])
    side = float(rng.choice([rng.uniform(0.07, 0.13), rng.uniform(0.87, 0.93)]))
    return devices.lettering(size, "X", float(rng.uniform(0.06, 0.08)), (side, float(rng.uniform(0.07, 0.3))), ring=True)
