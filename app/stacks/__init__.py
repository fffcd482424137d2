"""Stacks out of a series: which slices belong together, in which order they lie, and what is odd about them."""

from app.stacks.slices import Parted, Placed
from app.stacks.sorting import Correction, Oddity, Stack, chosen, plane, stacks

__all__ = ["Correction", "Oddity", "Parted", "Placed", "Stack", "chosen", "plane", "stacks"]
