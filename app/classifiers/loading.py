"""Loading a network: checksum first, safetensors only, strict names and shapes."""

import hashlib
import threading

import torch
from safetensors.torch import load as load_safetensors

from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.networks import build
from app.classifiers.registry import Registry
from app.errors import ModelError


def pick_device(wanted: str) -> torch.device:
    """``auto`` is CUDA where there is a GPU, else the CPU; ModelError when a named device is not there."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise ModelError("“%(device)s” is not a device; use auto, cpu, cuda or cuda:N.", {"device": wanted}) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelError("The device “%(device)s” was asked for, but PyTorch sees no GPU here.", {"device": wanted})
    return device


def load(card: Card, device: torch.device) -> Classifier:
    """The classifier of a card. The file is read once, its sha256 compared, and parsed from those same bytes."""
    try:
        data = card.weights.read_bytes()
    except OSError as error:
        raise ModelError(
            "The weights of “%(name)s” cannot be read: %(error)s.", {"name": card.name, "error": str(error.strerror)}
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != card.sha256:
        raise ModelError(
            "The weights of “%(name)s” are not the ones on its card (sha256 %(found)s…, the card says %(wanted)s…). "
            "They were not loaded.",
            {"name": card.name, "found": found[:12], "wanted": card.sha256[:12]},
        )
    network = build(card.architecture, len(card.findings), card.parameters, card.preprocessing.channels)
    try:
        network.load_state_dict(load_safetensors(data), strict=True)
    except Exception as error:  # safetensors raises its own type, torch RuntimeError: either way the file does not fit
        raise ModelError(
            "The weights of “%(name)s” do not fit its architecture: %(error)s.", {"name": card.name, "error": str(error)[:300]}
        ) from error
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return Classifier(card=card, network=network.to(device).eval(), device=device)


class Loaded:
    """Classifiers that were loaded already, by name and checksum; safe to call from several threads."""

    def __init__(self, registry: Registry, device: str = "auto") -> None:
        self.registry = registry
        self.device = pick_device(device)
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Classifier] = {}

    def get(self, card: Card) -> Classifier:
        """The classifier of a card, loaded at first use."""
        with self._lock:
            key = (card.name, card.sha256)
            if key not in self._known:
                self._known[key] = load(card, self.device)
            return self._known[key]
