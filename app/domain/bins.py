"""Answers of similar probability, and how true they were: a point of a reliability diagram."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of similar probability: their mean, the share that was true with its 95% Wilson interval, how many they are."""

    predicted: float
    observed: float
    low: float
    high: float
    count: int
