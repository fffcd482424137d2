"""The averaged copy of a network that is being fitted: it follows step by step, and is what is written in the end."""

import torch
from torch import nn


@torch.no_grad()
def follow(network: nn.Module, average: nn.Module, decay: float) -> None:
    """Move every weight and buffer of ``average`` the share 1 − ``decay`` of its way to ``network``; whole numbers, such as
    counts of batches, become the network's own."""
    for mine, theirs in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(theirs, 1 - decay)
        else:
            mine.copy_(theirs)
