"""The transposed map of a layer is the gradient of its forward map, whichever way it is computed."""

import pytest
import torch
import torch.nn.functional as F

from app.explainers.relevance.linear import FEW, Linear, reciprocal
from app.explainers.relevance.plan import Step
from app.explainers.tape import Call, Ref


def conv(weight: torch.Tensor, stride: int | tuple[int, int], padding: int | tuple[int, int]) -> Linear:
    call = Call("conv2d", F.conv2d, (Ref(0), weight, None, stride, padding), {}, (0,), 1, None, "")
    return Linear.of(Step("conv", call, (0,)))


@pytest.mark.parametrize("size", [(23, 23), (24, 31), (16, 40)], ids=["odd", "even by odd", "even"])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [
        (7, 2, 3),
        (7, 4, 2),
        (3, 2, 1),
        (3, 2, 0),
        (5, 3, 1),
        (2, 2, 0),
        (4, 4, 0),
        (6, 2, 0),
        ((3, 7), (1, 2), (1, 3)),
        (1, 2, 0),
    ],
    ids=str,
)
@pytest.mark.parametrize("channels", [1, FEW, FEW + 1])
def test_the_transposed_map_is_the_gradient(
    channels: int,
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int],
    padding: int | tuple[int, int],
    size: tuple[int, int],
) -> None:
    generator = torch.Generator().manual_seed(3)
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    weight = torch.randn(6, channels, *sides, generator=generator, dtype=torch.float64)
    x = torch.randn(1, channels, *size, generator=generator, dtype=torch.float64).requires_grad_()
    y = F.conv2d(x, weight, None, stride, padding)
    s = torch.randn(3, *y.shape, generator=generator, dtype=torch.float64)
    expected = [torch.autograd.grad(y, x, one, retain_graph=True)[0] for one in s]
    found = conv(weight, stride, padding).transposed(s, weight, x.detach())
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-12, rtol=1e-12)


def test_what_is_divided_by_nothing_is_nothing() -> None:
    z = torch.tensor([4.0, -0.5, 0.0, -0.0, 1e-31, -1e-40])
    assert reciprocal(z).tolist() == [0.25, -2.0, 0.0, 0.0, 0.0, 0.0]
