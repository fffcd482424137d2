"""Stacks out of a series: which slices belong together, in which order they lie, and what is odd about them."""

from app.stacks.directions import SIDES, Side, begins, turned
from app.stacks.joining import JOINED, together
from app.stacks.layering import Oddity
from app.stacks.slices import Parted, Placed
from app.stacks.sorting import STACKED, Correction, Stack, arrange, chosen, films, plane, stacks

__all__ = [
    "JOINED",
    "SIDES",
    "STACKED",
    "Correction",
    "Oddity",
    "Parted",
    "Placed",
    "Side",
    "Stack",
    "arrange",
    "begins",
    "chosen",
    "films",
    "plane",
    "stacks",
    "together",
    "turned",
]
