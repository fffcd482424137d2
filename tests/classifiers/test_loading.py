"""Loading trusts nothing but the checksum on the card."""

import hashlib
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from app.classifiers.card import Card
from app.classifiers.loading import Loaded, load, load_exam, pick_device
from app.classifiers.networks import build
from app.classifiers.registry import Registry
from app.errors import ModelError
from tests.classifiers.conftest import write_model

CPU = torch.device("cpu")


def with_weights(folder: Path, data: bytes) -> Card:
    """The card of ``folder`` after its weights were replaced and its checksum brought up to date."""
    old = Card.read(folder).sha256
    (folder / "weights.safetensors").write_bytes(data)
    path = folder / "card.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, hashlib.sha256(data).hexdigest()), encoding="utf-8")
    return Card.read(folder)


def test_a_flipped_byte_is_refused(models: Path) -> None:
    card = Card.read(models / "small")
    data = bytearray(card.weights.read_bytes())
    for at in range(0, len(data), max(1, len(data) // 100)):
        data[at] ^= 1
        card.weights.write_bytes(bytes(data))
        with pytest.raises(ModelError, match="not the ones on its card"):
            load(card, CPU)
        data[at] ^= 1
    card.weights.write_bytes(bytes(data))
    load(card, CPU)


class Canary:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (self.path,))  # type: ignore[attr-defined]


def test_a_pickle_never_runs_even_with_the_right_checksum(models: Path, tmp_path: Path) -> None:
    canary = Canary()
    canary.path = tmp_path / "sang"  # type: ignore[attr-defined]
    card = with_weights(models / "small", pickle.dumps(canary))
    with pytest.raises(ModelError, match="do not fit"):
        load(card, CPU)
    assert not (tmp_path / "sang").exists()


def test_weights_of_another_network_do_not_fit(models: Path) -> None:
    other = build("compact-residual", 3, {"widths": [6], "strides": [1]})
    card = with_weights(models / "small", save({name: tensor.contiguous() for name, tensor in other.state_dict().items()}))
    with pytest.raises(ModelError, match="do not fit its architecture"):
        load(card, CPU)


def test_missing_weights_and_unknown_architectures_are_told(models: Path, tmp_path: Path) -> None:
    card = Card.read(models / "small")
    card.weights.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load(card, CPU)
    with pytest.raises(ModelError, match="is not known"):
        build("transformer", 3, {})
    with pytest.raises(ModelError, match="do not fit"):
        build("compact-residual", 3, {"depth": 3})


def test_a_network_is_loaded_once_and_cannot_be_trained(models: Path) -> None:
    registry = Registry(models)
    loaded = Loaded(registry, "cpu")
    first = loaded.get(registry.card("small"))
    assert first is loaded.get(registry.card("small"))
    assert not first.network.training
    assert not any(parameter.requires_grad for parameter in first.network.parameters())


def test_devices() -> None:
    assert pick_device("cpu") == CPU
    assert pick_device("auto").type in {"cpu", "cuda"}
    with pytest.raises(ModelError, match="is not a device"):
        pick_device("abacus")
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="no GPU"):
            pick_device("cuda")


def test_every_shipped_network_loads(tmp_path: Path) -> None:
    from app.config import Settings

    registry = Registry(Settings().models)
    for card in registry.cards():
        if card.kind == "exam":
            exam = load_exam(card, CPU)
            assert [member for member, _ in exam.parts] == list(card.members)
            continue
        classifier = load(card, CPU)
        logits = classifier.network(torch.zeros(1, 1, card.input_size, card.input_size))
        assert logits.shape == (1, len(card.findings))
    assert write_model(tmp_path).is_dir()
