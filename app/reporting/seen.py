"""A critic that ships with a generator for films of people, and what it makes of films that nobody learned from.

A sign that stands on a film must say something: how often it stands on edited films is told beside how often on unedited ones.
"""

import numpy as np
from numpy.typing import NDArray

from app.counterfactuals.seeing import Seeing
from app.training.counterfactual.fresh import fitted, scores

UNEDITED = 0.95
"""So much of what nobody changed looks less edited than the bound."""
EDITED, PLAIN = "seen through", "seen through, unedited"

Planes = NDArray[np.float32]


def fit(ill: Planes, edited: Planes, healthy: Planes, patients: tuple[NDArray[np.str_], NDArray[np.str_]]) -> Seeing:
    """A critic of ``ill`` films, the same ``edited``, and ``healthy`` ones, (n, S, S) in [0, 1]; ``patients``: whose the ill
    and the healthy ones are. It is fitted on one half of them, its bound is from what nobody changed of the other half."""
    names = np.unique(np.concatenate(patients))
    half = np.random.default_rng(1).permutation(names)[: len(names) // 2]
    first, well = (np.isin(owners, half) for owners in patients)
    films = np.concatenate([edited[first], healthy[well]])
    critic = fitted(films, np.arange(len(films)) < first.sum())
    unedited = np.concatenate([ill[~first], healthy[~well]])
    return Seeing(critic, float(np.quantile(scores(critic, unedited), UNEDITED)))


def shares(seeing: Seeing, ill: Planes, edited: Planes, healthy: Planes) -> dict[str, float]:
    """By name, how many edited films the critic sees through, and how many unedited ones it takes for edited."""
    told = {EDITED: edited, PLAIN: np.concatenate([ill, healthy])}
    return {name: float((scores(seeing.critic, films) > seeing.bound).mean()) for name, films in told.items()}
