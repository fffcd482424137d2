"""What a guard is shown while it is fitted: films as other hospitals send them, and what is left of a film when it is turned,
inverted, cut up or blurred. All take and return planes in [0, 1], float32 (batch, 1, 64, 64), and a random generator.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from app.classifiers.film_guard import stretch
from app.classifiers.guard import SIZE
from app.training.augmentation import uniform

View = Callable[[Tensor, torch.Generator], Tensor]


def fills(n: int, random: torch.Generator) -> Tensor:
    """The grey around a picture: mostly black, sometimes white or something between, (n, 1, 1, 1)."""
    kind, grey = torch.rand(n, generator=random), torch.rand(n, generator=random)
    return torch.where(kind < 0.75, 0.0, torch.where(kind < 0.85, 1.0, grey))[:, None, None, None]


def placed(
    planes: Tensor,
    zoom: tuple[Tensor, Tensor],
    shift: tuple[Tensor, Tensor],
    random: torch.Generator,
    mirrored: float = 0.3,
) -> Tensor:
    """Planes turned by ±11°, a share ``mirrored``, at a zoom (across, down; above 1 shrinks) and shift, with something around
    them."""
    n = len(planes)
    angle = uniform((n,), -0.2, 0.2, random)
    mirror = torch.where(torch.rand(n, generator=random) < mirrored, -1.0, 1.0)
    c, s = torch.cos(angle), torch.sin(angle)
    rows = [torch.stack([c * zoom[0] * mirror, -s * zoom[1], shift[0]], 1)]
    rows += [torch.stack([s * zoom[0] * mirror, c * zoom[1], shift[1]], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), [n, 1, SIZE, SIZE], align_corners=False)
    out = F.grid_sample(planes, grid, padding_mode="zeros", align_corners=False)
    inside = (grid.abs() <= 1).all(3)[:, None]
    return torch.where(inside, out, fills(n, random))


def exposed(planes: Tensor, random: torch.Generator) -> Tensor:
    """Sharpness, bars, window, gamma, markers, uneven light, local contrast and noise, each at random; then stretched."""
    n = len(planes)
    if torch.rand((), generator=random) < 0.4:
        small = int(uniform((), 24, 56, random))
        planes = F.interpolate(F.interpolate(planes, small, mode="area"), SIZE, mode="bilinear")
    cut = (uniform((n, 4), 0, 0.16, random) * SIZE).long() * (torch.rand((n, 4), generator=random) < 0.25)
    at = torch.arange(SIZE)
    rows = (at >= cut[:, :1]) & (at < SIZE - cut[:, 1:2])
    columns = (at >= cut[:, 2:3]) & (at < SIZE - cut[:, 3:])
    planes = torch.where(rows[:, None, :, None] & columns[:, None, None, :], planes, fills(n, random))
    low, high = uniform((n, 1, 1, 1), -0.3, 0.25, random), uniform((n, 1, 1, 1), 0.75, 1.3, random)
    planes = ((planes - low) / (high - low)).clamp(0, 1) ** torch.exp(uniform((n, 1, 1, 1), -0.6, 0.6, random))
    for _ in range(2):
        height, width = int(uniform((), 2, 7, random)), int(uniform((), 2, 16, random))
        top, left = int(uniform((), 0, SIZE - height, random)), int(uniform((), 0, SIZE - width, random))
        chosen = torch.rand(n, generator=random) < 0.15
        planes[chosen, :, top : top + height, left : left + width] = float(torch.rand((), generator=random) > 0.3)
    ramp = torch.linspace(-0.5, 0.5, SIZE)
    light = 1 + uniform((n, 1, 1, 1), -0.25, 0.25, random) * ramp + uniform((n, 1, 1, 1), -0.25, 0.25, random) * ramp[:, None]
    planes = planes * light
    if torch.rand((), generator=random) < 0.25:
        around = F.avg_pool2d(F.pad(planes, (10,) * 4, mode="replicate"), 21, 1)
        planes = (planes - around) * float(uniform((), 0.8, 1.8, random)) + 0.5 * around + 0.25
    return stretch(planes + torch.randn(planes.shape, generator=random) * uniform((n, 1, 1, 1), 0, 0.04, random))


def film(planes: Tensor, random: torch.Generator, mirrored: float = 0.3) -> Tensor:
    """A film as it might come from elsewhere: shifted, cropped a little or with margins, wider or narrower, and, unless told
    otherwise, sometimes mirrored: that makes it no other kind of image."""
    n = len(planes)
    zoom, aspect = torch.exp(uniform((n,), -0.2, 0.25, random)), torch.exp(uniform((n,), -0.16, 0.16, random))
    shift = (uniform((n,), -0.12, 0.12, random), uniform((n,), -0.12, 0.12, random))
    return exposed(placed(planes, (zoom * aspect, zoom / aspect), shift, random, mirrored), random)


def upside_down(planes: Tensor, random: torch.Generator) -> Tensor:
    """Turned by 180° or flipped top to bottom."""
    half = torch.rand((), generator=random) < 0.5
    return film(torch.rot90(planes, 2, (2, 3)) if half else planes.flip(2), random)


def on_its_side(planes: Tensor, random: torch.Generator) -> Tensor:
    """Turned by 90° either way, also of the mirrored film."""
    turn = 1 + 2 * int(torch.randint(2, (), generator=random))
    turned = torch.rot90(planes, turn, (2, 3))
    return film(turned.flip(2) if torch.rand((), generator=random) < 0.5 else turned, random)


def inverted(planes: Tensor, random: torch.Generator) -> Tensor:
    """Black for white, with the margins or without."""
    if torch.rand((), generator=random) < 0.5:
        return exposed(1 - film(planes, random), random)
    return film(1 - planes, random)


def part(planes: Tensor, random: torch.Generator) -> Tensor:
    """A fifth to a half of the film's side, anywhere."""
    n = len(planes)
    size, aspect = uniform((n,), 0.2, 0.5, random), torch.exp(uniform((n,), -0.2, 0.2, random))
    shift = (uniform((n,), -0.95, 0.95, random) * (1 - size), uniform((n,), -0.95, 0.95, random) * (1 - size))
    return exposed(placed(planes, (size * aspect, size / aspect), shift, random), random)


def stretched(planes: Tensor, random: torch.Generator) -> Tensor:
    """One half of a film drawn out to its full width, which looks a little like a lateral film, or its top or bottom third."""
    n = len(planes)
    half = torch.rand(n, generator=random) < 0.5
    sign = torch.where(torch.rand(n, generator=random) < 0.5, -1.0, 1.0)
    narrow, whole, thin = uniform((n,), 0.42, 0.55, random), uniform((n,), 0.8, 1.0, random), uniform((n,), 0.3, 0.42, random)
    little, far = uniform((n,), -0.1, 0.1, random), uniform((n,), 0.55, 0.72, random)
    zoom = (torch.where(half, narrow, whole), torch.where(half, whole, thin))
    shift = (torch.where(half, sign * narrow, little), torch.where(half, little, sign * far))
    return exposed(placed(planes, zoom, shift, random), random)


def broken(planes: Tensor, random: torch.Generator) -> Tensor:
    """What is no film any more: tiles in another order, phases lost, blurred away, bent, tiny in much else, four in one."""
    way: View = BREAKS[int(torch.randint(len(BREAKS), (), generator=random))]
    planes = way(planes, random)
    return stretch(planes + torch.randn(planes.shape, generator=random) * 0.01)


def _shuffled(planes: Tensor, random: torch.Generator) -> Tensor:
    n, tiles = len(planes), int(torch.randint(2, 5, (), generator=random))
    side = SIZE // tiles
    cut = planes[:, :, : side * tiles, : side * tiles].unfold(2, side, side).unfold(3, side, side)
    order = torch.randperm(tiles**2, generator=random)
    mixed = cut.reshape(n, tiles**2, side, side)[:, order].reshape(n, tiles, tiles, side, side)
    return F.interpolate(mixed.permute(0, 1, 3, 2, 4).reshape(n, 1, side * tiles, side * tiles), SIZE)


def _scrambled(planes: Tensor, random: torch.Generator) -> Tensor:
    other = torch.fft.fft2(torch.randn(planes.shape, generator=random))
    mixed: Tensor = torch.fft.ifft2(torch.fft.fft2(planes).abs() * torch.exp(1j * other.angle())).real
    return mixed


def _blurred(planes: Tensor, random: torch.Generator) -> Tensor:
    small = int(torch.randint(2, 6, (), generator=random))
    return F.interpolate(F.interpolate(planes, small, mode="area"), SIZE, mode="bicubic")


def _bent(planes: Tensor, random: torch.Generator) -> Tensor:
    n = len(planes)
    push = F.interpolate(torch.randn((n, 2, 5, 5), generator=random) * 0.35, SIZE, mode="bicubic").permute(0, 2, 3, 1)
    still = F.affine_grid(torch.eye(2, 3).expand(n, 2, 3), [n, 1, SIZE, SIZE], align_corners=False)
    return F.grid_sample(planes, still + push, align_corners=False)


def _tiny(planes: Tensor, random: torch.Generator) -> Tensor:
    n = len(planes)
    zoom = uniform((n,), 2.2, 4.0, random)
    shift = (uniform((n,), -1, 1, random) * (zoom - 1), uniform((n,), -1, 1, random) * (zoom - 1))
    return placed(planes, (zoom, zoom), shift, random)


def _collage(planes: Tensor, random: torch.Generator) -> Tensor:
    small = F.interpolate(planes, SIZE // 2, mode="area")
    four = [small[torch.randperm(len(planes), generator=random)] for _ in range(4)]
    return torch.cat([torch.cat(four[:2], 3), torch.cat(four[2:], 3)], 2)


BREAKS: tuple[View, ...] = (_shuffled, _scrambled, _blurred, _bent, _tiny, _collage)


def other(planes: Tensor, random: torch.Generator) -> Tensor:
    """Something that was no film before: placed anyhow, sometimes on its side or mirrored."""
    n = len(planes)
    if torch.rand((), generator=random) < 0.5:
        planes = planes.flip(3)
    if torch.rand((), generator=random) < 0.15:
        planes = torch.rot90(planes, int(torch.randint(4, (), generator=random)), (2, 3))
    zoom, aspect = torch.exp(uniform((n,), -0.3, 0.25, random)), torch.exp(uniform((n,), -0.15, 0.15, random))
    shift = (uniform((n,), -0.2, 0.2, random), uniform((n,), -0.2, 0.2, random))
    return exposed(placed(planes, (zoom * aspect, zoom / aspect), shift, random), random)
