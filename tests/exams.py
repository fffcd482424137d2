"""Networks of exams that were never trained, and stacks for them: small, seeded, and without an opinion worth having."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from app.classifiers.networks import build
from app.domain import KNEE_FINDINGS, READ_PLANES, Image, Series, frozen
from app.training import cards
from tests.explainers.families import randomise

ENCODER: dict[str, Any] = {"encoder": "compact", "widths": [8, 12, 16], "strides": [1, 2, 2], "blocks": 1}
ATTENDING: dict[str, Any] = ENCODER | {"encoder": "compact-gated"}
"""With gates in every slice, for the architecture "stack-attending"."""


def write_exam_network(
    models: Path, name: str = "knee-test", *, size: int = 64, phantom: bool = True, seed: int = 0, **more: Any
) -> Path:
    """One member per plane with random weights as ``models/<name>/``; returns its folder. ``more`` are entries of its card."""
    networks = nn.ModuleList()
    architecture = more.get("architecture", "stack")
    encoder = ENCODER if architecture == "stack" else ATTENDING
    for number in range(len(READ_PLANES)):
        networks.append(randomise(build(architecture, len(KNEE_FINDINGS), encoder), seed + number))
    random = np.random.default_rng(seed)
    joins = [
        {
            "planes": list(planes),
            "weights": random.uniform(0.2, 1.0, (len(KNEE_FINDINGS), count)).round(3).tolist(),
            "bias": random.normal(0, 0.3, len(KNEE_FINDINGS)).round(3).tolist(),
        }
        for count in (3, 2, 1)
        for planes in combinations(READ_PLANES, count)
    ]
    members = [
        {"plane": plane, "findings": list(KNEE_FINDINGS), "parameters": encoder, "prefers": ["PD FS"]} for plane in READ_PLANES
    ]
    entries = {
        "name": name,
        "title": "Untrained exam network",
        "summary": "Random weights, for tests.",
        "kind": "exam",
        "architecture": "stack",
        "findings": list(KNEE_FINDINGS),
        "modalities": ["MR"],
        "body_parts": ["KNEE"],
        "phantom": phantom,
        "input_size": size,
        "explained_layer": "encoder",
        "terms": "none",
        "limits": ["It was never trained."],
        "intended_use": "Tests.",
        "banner": "",
        "preprocessing": {"stretch": "stack"},
        **more,
    }
    folder = models / name
    cards.write(folder, nn.ModuleDict({"members": networks}), entries, {"members": members, "joins": joins})
    (folder / "LICENSE").write_text("none\n", encoding="utf-8")
    return folder


def stack(seed: int, slices: int = 5, rows: int = 40, columns: int = 40, uid: str = "") -> Series:
    """A series of random slices."""
    random = np.random.default_rng(seed)
    uid = uid or f"1.2.{seed}"
    return Series(
        series_uid=uid,
        modality="MR",
        images=tuple(
            Image(f"{uid}.{number}", 1, frozen(random.integers(0, 4096, (rows, columns)).astype(np.uint16)))
            for number in range(1, slices + 1)
        ),
        body_part="KNEE",
    )
