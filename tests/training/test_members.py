"""What a run begins with: a network of masks, from a plain one and the masks that come with the product."""

from pathlib import Path

import pytest
import torch

from app.classifiers import likely
from app.classifiers.card import Card
from app.classifiers.masked import CompactMasked
from app.config import Settings
from app.domain import FINDINGS, NO_FINDING
from app.errors import InputError
from app.training import describing
from app.training.members import begun

RUN = {
    "architecture": "compact-masked",
    "begin": "chest-compact",
    "masks": "chest-masks",
    "floor": 0.3,
    "parameters": {"widths": [32, 64, 128, 192], "strides": [1, 2, 2, 1], "blocks": 2, "cells": 14},
    "stages": [{"size": 224}],
}
MODELS = Settings().models


def test_a_network_of_masks_begins_where_a_plain_one_ended() -> None:
    network = begun(RUN, (*FINDINGS, NO_FINDING, "male"), 0, MODELS)
    assert isinstance(network, CompactMasked)
    known = likely.load(Card.read(MODELS / "chest-masks"))
    masks = dict(zip((*FINDINGS, NO_FINDING, "male"), network.head.masks, strict=True))
    for finding, mask in masks.items():
        torch.testing.assert_close(mask.mean(), torch.tensor(1.0))
        assert (finding in known.of) == bool((mask != 1).any())
    effusion, apex = masks["Effusion"], masks["Pneumothorax"]
    rows = torch.arange(14.0)
    assert float((effusion.sum(1) @ rows) / effusion.sum()) > float((apex.sum(1) @ rows) / apex.sum()) + 1  # basal, apical


def test_what_a_config_begins_with_has_to_be_there_and_to_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="begins with is not there"):
        begun(RUN, FINDINGS, 0, tmp_path)
    other = {**RUN, "parameters": {**RUN["parameters"], "blocks": 1}}  # type: ignore[dict-item]
    with pytest.raises(InputError, match="has other layers"):
        begun(other, FINDINGS, 0, MODELS)


def test_a_network_of_aligned_films_reads_them_in_the_canonical_pose() -> None:
    plain = describing.card({"name": "any", **RUN}, FINDINGS, 224, [1.0], 1)
    aligned = describing.card({"name": "any", **RUN, "aligned": "chest-anatomy"}, FINDINGS, 224, [1.0], 1)
    assert plain["architecture"] == "compact-masked"
    assert "preprocessing" not in plain
    assert aligned["preprocessing"]["frame"] == "canonical"
    assert plain["modalities"] == aligned["modalities"]
    assert describing.ALIGNED in aligned["limits"]
