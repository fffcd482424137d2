"""Compact networks side by side: one network that answers with the mean of the others."""

import torch

from app.classifiers.compact import CompactResidual, joined


def test_joined_networks_answer_with_the_mean_of_their_logits_and_keep_cam_exact() -> None:
    torch.manual_seed(0)
    members = [CompactResidual(3, (4, 8), (1, 2), blocks=1).eval().double() for _ in range(2)]
    film = torch.randn(2, 1, 48, 48).double()
    with torch.inference_mode():
        apart = torch.stack([member(film) for member in members]).mean(0)
        twin = joined(members).double()
        together = twin(film)
        cam = torch.einsum("bkhw,ck->bchw", twin.features(film), twin.head.weight)
    assert torch.allclose(together, apart, atol=1e-12)
    assert torch.allclose(cam.mean((2, 3)) + twin.head.bias, together, atol=1e-12)
