"""Where findings occur: the masks that stand beside the networks for chest films, read with their checksum."""

import hashlib
from functools import lru_cache
from pathlib import Path

from app.anatomy import Pose
from app.anatomy.masks import Masks
from app.classifiers import exposed
from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.domain import Extent, Image
from app.errors import ModelError


def masks(card: Card) -> Masks | None:
    """The masks for what a network reads, from the folder that the network is in; None where there are none. ModelError where
    they cannot be read."""
    found = Registry(card.folder.parent).masks(card)
    return None if found is None else load(found)


def load(card: Card) -> Masks:
    """The masks of a card; ModelError where they cannot be read, or are not those on the card."""
    try:
        changed = card.weights.stat().st_mtime_ns
    except OSError as error:
        raise _unread(card, str(error.strerror)) from error
    return _load(card.folder, card.sha256, changed)


@lru_cache(maxsize=4)
def _load(folder: Path, sha256: str, _changed: int) -> Masks:
    card = Card.read(folder)
    try:
        if hashlib.sha256(card.weights.read_bytes()).hexdigest() != sha256:
            raise ValueError("the file is not the one on the card")
        return Masks.read(card.weights, sha256, card.parameters)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise _unread(card, str(error)) from error


def _unread(card: Card, reason: str) -> ModelError:
    return ModelError("The masks of “%(name)s” cannot be read: %(error)s.", {"name": card.name, "error": reason})


def pose_of(image: Image) -> Pose:
    """How the chest lies on a film: as it was found, or as films' do on the average."""
    return Pose.of(image.pose) if image.pose is not None else Pose.mean(exposed.extent_of(image))


def heart_of(image: Image) -> Extent | None:
    """The rectangle around a film's heart, where it was found."""
    return Extent(*image.heart) if image.heart is not None else None
