"""A critic that is fitted anew, to tell edited films from healthy ones: the judge of `evaluation.counterfactual.fresh_critic`.

It never met the generator, so what it sees was not taught away; it is fitted on other patients than it judges.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from app.classifiers.critic import WIDTHS, Critic
from app.evaluation.counterfactual import Judge
from app.training.fitting import one_cycle


def judge(steps: int = 300, batch: int = 24, seed: int = 0, *, rate: float = 2e-3) -> Judge:
    """A judge that fits a critic anew and scores the other films by it."""

    def told(films: NDArray[np.floating], edited: NDArray[np.bool_], others: NDArray[np.floating]) -> NDArray[np.floating]:
        return scores(fitted(films, edited, steps, batch, seed, rate=rate), others)

    return told


def fitted(
    films: NDArray[np.floating],
    edited: NDArray[np.bool_],
    steps: int = 300,
    batch: int = 24,
    seed: int = 0,
    *,
    rate: float = 2e-3,
) -> Critic:
    """A critic that tells which of films (n, S, S) in [0, 1] are ``edited`` (n,), after so many steps: as many edited as
    healthy films in each, mirrored and a little brighter or darker by chance, so that it does not learn films by heart."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    critic = Critic(1, WIDTHS)
    optimiser = torch.optim.AdamW(critic.parameters(), lr=rate, weight_decay=0.02)
    shown = torch.from_numpy(np.asarray(films, np.float32))[:, None]
    sides = [torch.from_numpy(np.flatnonzero(edited == side)) for side in (True, False)]
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * one_cycle(step / steps)
        half = batch // 2
        index = torch.cat([side[torch.randint(len(side), (half,), generator=random)] for side in sides])
        x = shown[index] * (0.9 + 0.2 * torch.rand((len(index), 1, 1, 1), generator=random))
        x = torch.where(torch.rand((len(index), 1, 1, 1), generator=random) < 0.5, x.flip(-1), x)
        with torch.autocast("cpu", torch.bfloat16):
            logits = critic((x - 0.5) * 4)[:, 0].float()
        loss = F.binary_cross_entropy_with_logits(logits, torch.cat([torch.ones(half), torch.zeros(half)]))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return critic.eval()


def scores(critic: Critic, films: NDArray[np.floating]) -> NDArray[np.float32]:
    """How edited films (n, S, S) in [0, 1] look to a critic, logits (n,)."""
    rest = torch.from_numpy(np.asarray(films, np.float32))[:, None]
    with torch.inference_mode():
        parts = [critic((part - 0.5) * 4)[:, 0] for part in torch.split(rest, 64)]
    return torch.cat(parts).numpy() if parts else np.zeros(0, np.float32)
