"""From path lengths to a film: attenuation, scatter, focal blur, quantum noise, the detector's curve, collimation, lettering.

Knows the grid. Nothing here depends on a finding: how a film was taken says nothing about what is on it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from app.phantoms.devices import lettering
from app.phantoms.grid import F32, Grid, stream
from app.phantoms.patient import Patient

TOP = 4095
"""Twelve bits stored."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """How one film was taken. ``mu`` attenuation of water per mm; ``scatter`` scattered share behind thin parts; ``dose``
    quanta per mm² without a patient; ``low`` and ``high`` the log exposures shown black and white; ``gamma`` the curve;
    ``blur`` mm; ``crisp`` how much the console sharpens."""

    mu: float
    scatter: float
    dose: float
    low: float
    high: float
    gamma: float
    blur: float
    crisp: float


def take(grid: Grid, water: F32, patient: Patient, seed: int, marker: bool | None) -> F32:
    """Water (mm) to a film in [0, 1], bright = dense, float32. ``marker``: burn "PHANTOM" into a corner (None: by chance)."""
    rng = stream(seed, "film")
    exposure = settings(patient, rng)
    primary = np.exp(-exposure.mu * np.maximum(water, 0))
    signal = primary + exposure.scatter * spread(np.minimum(primary, 0.5), grid, 50)
    if exposure.blur > 0.25 * grid.pixel:
        signal = ndimage.gaussian_filter(signal, exposure.blur / grid.pixel, truncate=2.5)
    noise = stream(seed, "noise").standard_normal(signal.shape, dtype=np.float32)
    dose = exposure.dose * grid.pixel**2
    signal = np.maximum(signal + noise * np.sqrt(signal / dose), 1e-5)
    shown = (-np.log(signal) - exposure.low) / (exposure.high - exposure.low)
    clipped = np.clip(shown, 0, 1.2)
    shown = shown + exposure.crisp * (clipped - spread(clipped, grid, 9))  # every maker's console sharpens
    # the characteristic curve: a straight middle between a toe and a shoulder
    shown = np.where(shown > 0.7, 0.7 + 0.3 * np.tanh((shown - 0.7) / 0.3), shown)
    shown = np.where(shown < 0.12, 0.12 * np.exp(np.minimum(shown - 0.12, 0) / 0.12), shown)
    shown = np.asarray(shown**exposure.gamma, np.float32)
    return label(collimate(shown, rng), patient, rng, marker)


def settings(patient: Patient, rng: np.random.Generator) -> Exposure:
    """A radiographer's choice for this patient, with the usual spread."""
    mu = float(rng.uniform(0.0185, 0.0215))
    scatter = float(rng.uniform(0.14, 0.24)) * (1.6 if patient.portable else 1.0)
    lung = -np.log(np.exp(-mu * (0.36 * patient.depth + 14)) + scatter * 0.13)
    belly = -np.log(np.exp(-mu * 1.02 * patient.depth) + scatter * 0.05)
    dark, light = float(rng.uniform(0.22, 0.35)), float(rng.uniform(0.74, 0.87))
    span = (belly - lung) / (light - dark)
    low = lung - dark * span
    return Exposure(
        mu=mu,
        scatter=scatter,
        dose=float(np.exp(rng.uniform(np.log(4e4), np.log(2e5)))) * (0.45 if patient.portable else 1.0),
        low=float(low),
        high=float(low + span),
        gamma=float(rng.uniform(0.88, 1.15)),
        blur=float(rng.uniform(0.25, 0.5)) * (1.5 if patient.portable else 1.0),
        crisp=float(rng.uniform(0.2, 0.7)),
    )


def spread(layer: F32, grid: Grid, sigma: float) -> F32:
    """A layer blurred by ``sigma`` mm, worked out on a coarse grid, which is all that so wide a blur needs."""
    step = max(1, int(0.6 * sigma / grid.pixel))
    count = -(-grid.size // step)
    padded = np.pad(layer, ((0, count * step - grid.size),) * 2, mode="edge") if count * step > grid.size else layer
    small = padded.reshape(count, step, count, step).mean(axis=(1, 3))
    small = ndimage.gaussian_filter(small, sigma / (grid.pixel * step), mode="nearest")
    place = np.clip((np.arange(grid.size, dtype=np.float32) + 0.5) / step - 0.5, 0, count - 1.001)
    base = place.astype(int)
    part = place - base
    rows = small[base] * (1 - part)[:, None] + small[base + 1] * part[:, None]
    return np.asarray(rows[:, base] * (1 - part) + rows[:, base + 1] * part, np.float32)


def collimate(shown: F32, rng: np.random.Generator) -> F32:
    """Edges the beam did not reach: black, or a white strip where they were left unmasked; slightly askew."""
    kind = rng.random()
    size = shown.shape[0]
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32) / size
    turn = rng.normal(0, 0.02)
    depths = rng.uniform(-0.12, 0.055, 4)
    white = bool(rng.random() < 0.2)
    if white:
        depths[rng.permutation(4)[1:]] = -1
    if kind > 0.45:
        return shown
    edges = (rows + turn * columns, 1 - rows - turn * columns, columns - turn * rows, 1 - columns + turn * rows)
    for distance, depth in zip(edges, depths, strict=True):
        shown = np.where(distance < depth, np.float32(0.99 if white else 0.015), shown)
    return np.asarray(shown, np.float32)


def label(shown: F32, patient: Patient, rng: np.random.Generator, marker: bool | None) -> F32:
    """Side markers and words of lead or of light, and the mark of a phantom; placed without regard to the patient."""
    size = shown.shape[0]
    bright = np.float32(rng.uniform(0.85, 1.0))
    layers = []
    if rng.random() < 0.9:
        left = bool(rng.random() < 0.65)
        place = (rng.uniform(0.86, 0.95) if left else rng.uniform(0.05, 0.14), rng.uniform(0.05, 0.3))
        turn = float(rng.choice([0, 0, 0, rng.uniform(-25, 25)]))
        ring, tall = bool(rng.random() < 0.3), float(rng.uniform(0.03, 0.055))
        layers.append(lettering(size, "L" if left else "R", tall, place, ring=ring, turn=turn))
    if patient.portable and rng.random() < 0.75:
        place = (float(rng.choice([rng.uniform(0.09, 0.14), rng.uniform(0.86, 0.91)])), rng.uniform(0.3, 0.6))
        layers.append(lettering(size, "PORTABLE", rng.uniform(0.016, 0.024), place))
        layers.append(lettering(size, "AP", rng.uniform(0.016, 0.024), (place[0], place[1] - 0.06)))
    chance = bool(rng.random() < 0.5)
    corner = (float(rng.choice([0.1, 0.9])), float(rng.choice([0.03, 0.97])))
    if chance if marker is None else marker:
        layers.append(lettering(size, "PHANTOM", 0.024, corner))
    for words in layers:
        shown = shown * (1 - words) + bright * words
    return shown
