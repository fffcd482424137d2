"""What a logit must not tell: among the films without a finding, how the film was taken.

Balanced weights (`targets.indifferent`) take the reason away; this takes away what a network says all the same, because sick
people are X-rayed in bed. Squared correlations are added to the loss: of every logit with the projection among the films
without the finding, and of effusion's logit with cardiomegaly's among those without effusion, for a wide heart is no fluid. It
is a penalty on answers, not on features as gradient reversal is (Ganin 2016): other answers may need what one must not tell.
Knows tensors only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.training.fitting import Batch, Lesson

LEAST = 1.0
"""Variance added to a logit's. A correlation does not know how large logits are: without this, or with little, its noise in
small batches is all that a network feels that has hardly begun, and keeps it from beginning (0.01 was tried)."""


@dataclass(frozen=True, slots=True)
class Unlearning:
    """``strength`` times the mean squared correlation is added to the loss."""

    strength: float

    def __call__(self, logits: Tensor, batch: Batch, lesson: Lesson) -> Tensor:
        """The penalty (a scalar) for logits (b, questions) of a batch of this lesson."""
        count = len(lesson.answers)
        if lesson.projection is None or lesson.groups is None:
            raise ValueError("the lesson says nothing of projections")
        answers, device = logits[:, :count], logits.device
        without = ((batch.targets[:, :count] < 0.5) & (batch.weights[:, :count] > 0)).to(device)
        projection, groups = lesson.projection[batch.index].to(device), lesson.groups[batch.index].to(device)
        bed = told_of_projection(answers, without, projection, groups)
        heart = told_of_heart(answers, answers, without, groups, lesson.answers)
        return self.strength * (bed + heart)


def told_of_projection(logits: Tensor, without: Tensor, projection: Tensor, groups: Tensor) -> Tensor:
    """Mean over the answers of the squared correlation of the logit with the projection (n,; NaN unknown) among the films
    ``without`` the finding (n, answers)."""
    aims = projection.nan_to_num()[:, None].expand_as(logits)
    chosen = without & ~projection.isnan()[:, None]
    return squared_correlation(logits, aims, chosen, groups).mean()


def told_of_heart(logits: Tensor, hearts: Tensor, without: Tensor, groups: Tensor, answers: Sequence[str]) -> Tensor:
    """The squared correlation of effusion's logit with cardiomegaly's in ``hearts``, which is not pulled at, among films
    without effusion, over the number of answers. 0 where one of the two is not asked."""
    if "Effusion" not in answers or "Cardiomegaly" not in answers:
        return logits.new_zeros(())
    effusion, heart = answers.index("Effusion"), answers.index("Cardiomegaly")
    fluid, size = logits[:, effusion : effusion + 1], hearts[:, heart : heart + 1].detach()
    return squared_correlation(fluid, size, without[:, effusion : effusion + 1], groups).sum() / len(answers)


def squared_correlation(values: Tensor, aims: Tensor, chosen: Tensor, groups: Tensor) -> Tensor:
    """Squared correlation per column (k,) of ``values`` with ``aims`` (n, k) over the ``chosen`` rows, within the groups.

    Both have their group's mean taken off first, so that what sets two groups apart is not counted. Values that hardly vary
    count less (`LEAST`); 0 where ``aims`` do not vary.
    """
    values, aims = centred(values, chosen, groups), centred(aims, chosen, groups)
    count = chosen.sum(0).clamp(min=1)
    together = (values * aims).sum(0) / count
    spread = (values**2).sum(0) / count + LEAST
    return together**2 / (spread * ((aims**2).sum(0) / count).clamp(min=1e-6))


def centred(values: Tensor, chosen: Tensor, groups: Tensor) -> Tensor:
    """Values (n, k) less the mean of the chosen ones in their group (n,), and 0 where not chosen."""
    members = torch.nn.functional.one_hot(groups).to(values.dtype)
    kept = chosen.to(values.dtype)
    means = (members.T @ (values * kept)) / (members.T @ kept).clamp(min=1)
    return (values - members @ means) * kept
