"""What the card of a chest network says in words: for whom it is, what it was trained on, where it ends."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.classifiers.compact import total_stride
from app.classifiers.preprocessing import Preprocessing
from app.evaluation.operating import RULE

SUMMARY = "A small residual network for frontal chest films, trained on public films of adults and children."

LAYERS = {"compact-guided": "whole", "glimpses": "glimpse"}
"""The module that Grad-CAM reads, of architectures that have it under another name."""

ALIGNED = (
    "It reads a chest in one pose, found by the network that tells its parts; where that fails, in the pose of an average film."
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
        "modalities": ["CR", "DX", "DR", "RG", "XR"],
        "body_parts": ["CHEST", "THORAX", "LUNG"],
        "phantom": False,
        "default": bool(run.get("default", True)),
        **({"second_to": run["second_to"]} if "second_to" in run else {}),
        "input_size": size,
        "explained_layer": LAYERS.get(str(run.get("architecture")), "features"),
        "stride": stride_of(parameters),
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
    } | _told(run, Preprocessing(field=field, frame="canonical" if "aligned" in run else "film"))


def stride_of(parameters: Mapping[str, Any]) -> int:
    """The total stride of the last feature map: of a compact network by its strides; a dense one halves between its blocks. 0
    for a network that has no such map."""
    if "steps" in parameters:
        return 0
    return total_stride(parameters["strides"]) if "strides" in parameters else 4 * 2 ** (len(parameters["blocks"]) - 1)


def _told(run: dict[str, Any], how: Preprocessing) -> dict[str, Any]:
    """The entries that a card has where they are not what is taken for granted."""
    told: dict[str, Any] = {} if how == Preprocessing() else {"preprocessing": how.entries()}
    told |= {key: run[key] for key in ("kind", "half") if key in run}
    return told | ({"opens_with": list(run["opens_with"])} if "opens_with" in run else {})


def unfinished(entries: dict[str, Any], epochs: int, planned: int, sources: Sequence[str]) -> dict[str, Any]:
    """The entries that differ on the card of a network whose training goes on: named so, and chosen by name only."""
    limit = f"Its training is not finished: {epochs} of {planned} epochs, on {', '.join(sources)}. A later network replaces it."
    return {"title": f"{entries['title']} (training not finished)", "default": False, "limits": [limit, *entries["limits"]]}
