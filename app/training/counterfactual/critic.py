"""What a generator's critic is held to while both are trained (WGAN with a penalty per film; Arjovsky 2017, Gulrajani 2017)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from app.classifiers.critic import Critic


def penalty(critic: Critic, real: Tensor, made: Tensor, group: int, random: torch.Generator) -> Tensor:
    """The gradient penalty: (‖∇‖ − 1)² of each film between a real and a made one, the norm over all its dimensions; a scalar.

    In float32: a second derivative in bfloat16 is mostly noise."""
    share = torch.rand((len(real), 1, 1, 1), generator=random).to(real.device)
    between = (share * real + (1 - share) * made.detach()).requires_grad_(True)
    with torch.autocast(real.device.type, enabled=False):
        told = critic(between)[:, group]
        (found,) = torch.autograd.grad(told.sum(), between, create_graph=True)
    return F.mse_loss(found.flatten(1).norm(dim=1), torch.ones(len(real), device=real.device))
