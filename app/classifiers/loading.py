"""Loading a network: checksum first, safetensors only, strict names and shapes."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace

import torch
from safetensors.torch import load as load_safetensors
from torch import nn

from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.exam import ExamClassifier, cut
from app.classifiers.networks import build
from app.classifiers.registry import Registry
from app.classifiers.segmenter import Segmenter
from app.classifiers.stack import StackNetwork
from app.domain import Image
from app.errors import ModelError


def pick_device(wanted: str) -> torch.device:
    """``auto`` is CUDA where there is a GPU, else the CPU; ModelError when a named device is not there."""
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted)
    except RuntimeError as error:
        raise ModelError("“%(device)s” is not a device; use auto, cpu, cuda or cuda:N.", {"device": wanted}) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelError("The device “%(device)s” was asked for, but PyTorch sees no GPU here.", {"device": wanted})
    if device.type == "cuda":
        # cuDNN would round what convolutions read to ten bits, and maps of a GPU would not be those of a CPU.
        torch.backends.cudnn.allow_tf32 = False
    return device


def load(card: Card, device: torch.device) -> Classifier:
    """The classifier of a card. The file is read once, its sha256 compared, and parsed from those same bytes."""
    network = build(card.architecture, len(card.findings), card.parameters, card.preprocessing.channels)
    _fill(network, _tensors(card), card.name)
    return Classifier(card=card, network=network.to(device).eval(), device=device)


def load_exam(card: Card, device: torch.device) -> ExamClassifier:
    """The classifier of a card of the kind "exam"; member n's tensors are named ``members.<n>.…``, from 0."""
    networks = nn.ModuleList()
    for member in card.members:
        networks.append(build(card.architecture, len(member.findings), member.parameters, card.preprocessing.channels))
    if not all(isinstance(network, StackNetwork) for network in networks):
        raise ModelError(
            "The architecture “%(name)s” reads no stacks; an exam's network is one of: %(known)s.",
            {"name": card.architecture, "known": "stack, stack-attending"},
        )
    whole = nn.ModuleDict({"members": networks})
    _fill(whole, _tensors(card), card.name)
    whole.to(device).eval()
    parts = tuple(
        (member, Classifier(card=cut(card, member), network=network, device=device))
        for member, network in zip(card.members, networks, strict=True)
    )
    return ExamClassifier(card=card, parts=parts, device=device)


def _tensors(card: Card) -> dict[str, torch.Tensor]:
    """What is in the weights' file; ModelError where it cannot be read, or is not the one on the card."""
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
    try:
        return load_safetensors(data)
    except Exception as error:  # safetensors raises its own type
        raise ModelError(
            "The weights of “%(name)s” do not fit its architecture: %(error)s.", {"name": card.name, "error": str(error)[:300]}
        ) from error


def _fill(network: nn.Module, tensors: dict[str, torch.Tensor], name: str) -> None:
    """Put the tensors into a network, all of them and no other; it learns no more."""
    try:
        network.load_state_dict(tensors, strict=True)
    except Exception as error:  # torch raises RuntimeError
        raise ModelError(
            "The weights of “%(name)s” do not fit its architecture: %(error)s.", {"name": name, "error": str(error)[:300]}
        ) from error
    for parameter in network.parameters():
        parameter.requires_grad_(False)


class Loaded:
    """Classifiers that were loaded already, by name and checksum; safe to call from several threads."""

    def __init__(self, registry: Registry, device: str = "auto") -> None:
        self.registry = registry
        self.device = pick_device(device)
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Classifier] = {}
        self._exams: dict[tuple[str, str], ExamClassifier] = {}

    def get(self, card: Card) -> Classifier:
        """The classifier of a card, loaded at first use."""
        with self._lock:
            return self._get(card)

    def _get(self, card: Card) -> Classifier:
        key = (card.name, card.sha256)
        if key not in self._known:
            found = load(card, self.device)
            self._known[key] = replace(found, laid=self._laying(card)) if found.upright else found
        return self._known[key]

    def _laying(self, card: Card) -> Callable[[Image], Image]:
        """How the chest lies on films that a network reads in the canonical pose; ModelError when nothing tells it."""
        beside = self.registry.segmentation(card)
        if beside is None:
            raise ModelError(
                "“%(name)s” reads films in the canonical pose, and there is no network that tells how a chest lies.",
                {"name": card.name},
            )
        segmenter = Segmenter.of(self._get(beside))
        return lambda image: segmenter.read(image).told(image)

    def exam(self, card: Card) -> ExamClassifier:
        """The classifier of an exam's card, loaded at first use."""
        with self._lock:
            key = (card.name, card.sha256)
            if key not in self._exams:
                self._exams[key] = load_exam(card, self.device)
            return self._exams[key]
