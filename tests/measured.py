"""A network whose card says everything that a card can: never trained, but with figures, curves and calls as a trained one has.

The answers are drawn, so that some sources are calibrated, one is too sure, and one falls to chance when it is left out.
"""

from pathlib import Path

import numpy as np

from app.domain import FINDINGS
from app.training import cards
from app.training.measuring import Answers, left_out, measure
from tests.networks import write_network

SEEN = (
    "The costophrenic angle on the right, by all five methods; CAM also lights up the lower left lung.",
    "The side marker in the upper left corner, by saliency and LRP; RAP spreads over both lungs.",
    "The heart’s left border and the hilum, by LRP and RAP.",
)


def answers(source: str, films: int, sharp: float, sure: float = 1.0, *, children: bool = False, seed: int = 0) -> Answers:
    """Drawn answers about a source's films: ``sharp`` is how well they part the films, ``sure`` the slope's inverse."""
    rng = np.random.default_rng(len(source))
    common = np.linspace(-1.2, -3.2, len(FINDINGS)) if not children else np.full(len(FINDINGS), 0.6)
    truth = rng.random((films, len(FINDINGS))) < 1 / (1 + np.exp(-common))
    noise = np.random.default_rng(seed + 99).normal(size=truth.shape)
    # two normal classes whose means lie d apart: the true logit is linear in the score, with slope d
    apart = sharp * np.linspace(1.3, 0.5, len(FINDINGS))
    score = noise + apart * truth
    logits = sure * (apart * score - apart**2 / 2 + common)
    labels = truth.astype(np.float32)
    if children:
        labels[:, np.array(FINDINGS) != "Pneumonia"] = np.nan
    published = 1 / (
        1 + np.exp(-(1.2 * apart * (np.random.default_rng(5).normal(size=truth.shape) + 1.2 * apart * truth) + common))
    )
    published[films // 2 :] = np.nan
    return Answers(source, logits.astype(np.float32), labels, np.arange(films) // 2, None if children else published)


def write_measured(models: Path, name: str = "chest-measured", scale: int = 1) -> Path:
    """The network as ``models/<name>/``; ``scale`` multiplies how many films were measured."""
    sources = [
        answers("nih", 170 * scale, 1.5),
        answers("nih_small", 240 * scale, 1.4, 1.6),
        answers("paediatric", 160 * scale, 2.6, 0.55, children=True),
    ]
    measured = [measure(source, [1.0] * len(FINDINGS), rounds=60) for source in sources]
    rows = measured[0] + measured[1] + measured[2]
    outside = left_out("paediatric", sources[2], answers("paediatric", 160 * scale, 0.02, children=True), rounds=60)
    outside += left_out("nih_small", sources[1], answers("nih_small", 240 * scale, 1.2), rounds=60)[:3]
    calls = [
        cards.looked_at(FINDINGS[i % 8], i % 2 == 0, f"{i + 7:08d}_00{i % 4}.png", 0.93 - 0.04 * i, SEEN[i % 3])
        for i in range(20)
    ]
    terms = "NIH ChestX-ray14, free with credit (Wang et al. 2017)"
    data = [{"name": source.source, "images": 8 * len(source.labels), "patients": 900, "terms": terms} for source in sources]
    folder = write_network(
        models,
        name,
        default=False,
        tables={
            "data": data, "figures": rows.figures, "calibration": rows.calibration, "outside": outside, "looked_at": calls,
        },
        beside_name="DenseNet-121, trained on 78,000 NIH films",
        looked_at_summary="Right calls rest on the lung bases and the heart; wrong ones on markers and borders.",
    )  # fmt: skip
    cards.curves(folder, rows.roc, rows.reliability)
    return folder
