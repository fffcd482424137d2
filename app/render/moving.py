"""A film that changes, as one animated picture for slides and letters: with what it is, and that it is for research only."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from app.domain import Image
from app.grey import grey
from app.render.captions import BACKGROUND, BANNER, LETTERS, typed, wrapped

SIDE = 512
"""The longer side of the film in it, in pixels."""
STEP_MS, HOLD_MS = 90, 900
"""How long a step is seen, and how long the first and the last film are."""


def moving_webp(films: Sequence[tuple[Image, str]], about: str) -> bytes:
    """Films of one size, each with what is said of it alone, shown one after the other and back again without an end, as an
    animated WebP. ``about`` is said of all of them."""
    there = [_framed(film, f"{about} · {told}") for film, told in films]
    frames = there + there[-2:0:-1]
    last = len(there) - 1
    times = [HOLD_MS if at in {0, last} else STEP_MS for at in range(len(frames))]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=times, loop=0, quality=88, method=2)
    return out.getvalue()


def _framed(film: Image, text: str) -> Picture.Image:
    """One film with its words underneath; every film has as many lines, so that nothing jumps."""
    shown = Picture.fromarray(np.rint(grey(film) * 255).astype(np.uint8))
    wide, tall = film.columns, film.rows * film.tall
    share = SIDE / max(wide, tall)
    shown = shown.resize((max(1, round(wide * share)), max(1, round(tall * share))), Picture.Resampling.LANCZOS)
    unit = 13
    font = ImageFont.load_default(unit)
    lines = [*wrapped(typed(text), font, SIDE - 2 * unit), typed(BANNER)]
    out = Picture.new("RGB", (SIDE, shown.height + round(unit * (0.9 + 1.4 * len(lines)))), BACKGROUND)
    out.paste(shown.convert("RGB"), ((SIDE - shown.width) // 2, 0))
    draw = ImageDraw.Draw(out)
    for number, line in enumerate(lines):
        draw.text((unit, shown.height + round(unit * (0.4 + 1.4 * number))), line, LETTERS, font)
    return out
