"""Stacks out of a series: which slices belong together, in which order they lie, and what is odd about them."""

from app.stacks.directions import SIDES, Side, begins, turned
from app.stacks.joining import JOINED, NO_SERIES_UID, together
from app.stacks.layering import Oddity
from app.stacks.regrouping import REGROUPINGS, UNFIT, Regrouping, RegroupingKind, cannot_join, parted, regrouped, widest_gap
from app.stacks.slices import Parted, Placed
from app.stacks.sorting import STACKED, Correction, Stack, arrange, chosen, corrected, films, plane, stacks

__all__ = [
    "JOINED",
    "NO_SERIES_UID",
    "REGROUPINGS",
    "SIDES",
    "STACKED",
    "UNFIT",
    "Correction",
    "Oddity",
    "Parted",
    "Placed",
    "Regrouping",
    "RegroupingKind",
    "Side",
    "Stack",
    "arrange",
    "begins",
    "cannot_join",
    "chosen",
    "corrected",
    "films",
    "parted",
    "plane",
    "regrouped",
    "stacks",
    "together",
    "turned",
    "widest_gap",
]
