"""What the card of a chest network says in words: for whom it is, what it was trained on, where it ends."""

from collections.abc import Sequence
from typing import Any

from app.classifiers.compact import total_stride
from app.classifiers.preprocessing import Preprocessing
from app.evaluation.operating import RULE

SUMMARY = "A small residual network for frontal chest films, trained on public films of adults and children."

ALIGNED = (
    "It learned from films in the canonical pose, and no film is laid into it before a network reads it: it reads none yet."
)


def card(run: dict[str, Any], answers: Sequence[str], size: int, temperature: list[float], trunks: int) -> dict[str, Any]:
    """The plain entries of the card."""
    field = run.get("reads", run.get("field", "film"))
    aligned = "aligned" in run
    parameters = dict(run["parameters"]) | ({"trunks": trunks} if trunks > 1 else {})
    return {
        "name": run["name"],
        "title": run.get("title", "Compact chest network"),
        "summary": run.get("summary", SUMMARY),
        "architecture": "compact-twin" if trunks > 1 else run.get("architecture", "compact-residual"),
        "findings": list(answers),
        "modalities": [] if aligned else ["CR", "DX", "DR", "RG", "XR"],
        "body_parts": [] if aligned else ["CHEST", "THORAX", "LUNG"],
        "phantom": False,
        "default": bool(run.get("default", True)),
        **({"second_to": run["second_to"]} if "second_to" in run else {}),
        "input_size": size,
        "explained_layer": "features",
        "stride": total_stride(parameters["strides"]),
        "temperature": temperature,
        "intended_use": "Research on explanations: comparing what a network says with where it looks. Not for clinical use.",
        "banner": "",
        "guard": "chest-guard",
        "operating_rule": RULE,
        "looked_at_summary": run.get("looked_at_summary", ""),
        "beside_name": "Published DenseNet-121, trained on 78,000 NIH films",
        "terms": "Weights: research, with credit to Wang et al. 2017 (NIH ChestX-ray14) and Kermany et al. 2018 (CC BY 4.0).",
        "limits": [
            *run.get("limits", ()),
            *([ALIGNED] if aligned else ()),
            "NIH's labels were read from reports by a program and are wrong in about one of ten cases.",
            "Trained on frontal films only. A guard refuses other images; what slips past it gets a number that means nothing.",
            "Most NIH films it learned from are small (64 to 128 px) or show the lungs alone: small findings are often missed.",
            "Probabilities are calibrated to the validation part's prevalence; another hospital has another one.",
            "Tubes, lines, side markers and borders can sway the answer: that is what the maps are for.",
        ],
        "parameters": parameters,
    } | ({"preprocessing": Preprocessing(field=field).entries()} if field != "film" else {})


def unfinished(entries: dict[str, Any], epochs: int, planned: int, sources: Sequence[str]) -> dict[str, Any]:
    """The entries that differ on the card of a network whose training goes on: named so, and chosen by name only."""
    limit = f"Its training is not finished: {epochs} of {planned} epochs, on {', '.join(sources)}. A later network replaces it."
    return {"title": f"{entries['title']} (training not finished)", "default": False, "limits": [limit, *entries["limits"]]}
