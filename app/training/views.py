"""Views of a film that teach where to look: its lungs alone, and the same film with a lesion drawn in.

A network that has seen films without borders, markers and shoulders cannot lean on them. Knows batches; where the lungs lie is
`lungs`' business.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from app.domain import NO_FINDING
from app.training.fitting import Batch, Lesson, Stage
from app.training.insertion import KINDS, insert
from app.training.targets import RAREST


def change(batch: Batch, lesson: Lesson, stage: Stage, random: torch.Generator) -> Batch:
    """The batch as its stage shows it: some films with a lesson drawn in, some with their lungs alone."""
    if lesson.lungs is None or not (stage.lungs_only or stage.inserted):
        return batch
    coarse = lesson.lungs[batch.index][:, None].float() / 255
    lungs = F.interpolate(coarse, batch.films.shape[-1], mode="bilinear", align_corners=False)
    if stage.inserted:
        batch = inserted(batch, lungs, lesson.answers, stage.inserted, random)
    alone = torch.rand((len(lungs), 1, 1, 1), generator=random) < stage.lungs_only
    wide = F.max_pool2d(lungs, 5, 1, 2)  # a little more than the lung: its edge tells effusion and pneumothorax
    return replace(batch, films=torch.where(alone, batch.films * (wide > 0.5), batch.films))


def inserted(batch: Batch, lungs: Tensor, answers: Sequence[str], share: float, random: torch.Generator) -> Batch:
    """A share of the films gets a lesion; its findings become true, "no finding" false, the others stay as they were.

    ``lungs`` is the share of lung per pixel, of the films' shape; ``answers`` name the first columns of targets and weights. A
    finding that is not among them is drawn all the same.
    """
    kinds = torch.randint(0, len(KINDS), (len(lungs),), generator=random)
    drawn, place = insert(batch.films, lungs, kinds, random)
    chosen = (torch.rand(len(lungs), generator=random) < share) & (place.amax((1, 2, 3)) > 0.3)
    helpers = [False] * (batch.targets.shape[1] - len(answers))
    shows = torch.tensor([[finding in kind.findings for finding in answers] + helpers for kind in KINDS])
    becomes = shows[kinds] & chosen[:, None]
    nothing = torch.tensor([finding == NO_FINDING for finding in answers] + helpers) & chosen[:, None]
    return replace(
        batch,
        films=torch.where(chosen[:, None, None, None], drawn, batch.films),
        targets=torch.where(becomes, 1.0, torch.where(nothing, 0.0, batch.targets)),
        weights=torch.where(becomes, RAREST / 4, torch.where(nothing, 0.5, batch.weights)),
    )
