"""Arrays to PNG: films, and maps over films. Display choices are made here and never reach stored values.

Knows the domain and the grey pipeline. Colours, threshold and ends are those the viewer starts with (static/js/viewport).
"""

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from app.domain import Explanation, Image, Region, Window
from app.exam import StackExplanation
from app.grey import grey, resample

STOPS = {
    "viridis": (
        "440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e21918c"
        "1f988b1fa08822a78528ae8032b67a3fbc734ec36b5ec96270cf5784d44b98d83eaddc30c2df23d8e219ece51bfde725"
    ),
    "cividis": (
        "00224e00285b002e6a0533711a386f273e6e32436d3b496c434e6c4b546c535a6d5a5f6e61656f686a716f70737676767d7c78"
        "8482798c8878938e789b9476a39a74aba072b4a76fbcae6cc4b468cdbb63d5c25edec958e7d150f0d846f9e03afee838"
    ),
    "magma": (
        "0000040303120a0822130d341d114729115a36106b440f7651127c5d177f6a1c81762181832681902a819c2e7faa337db73779"
        "c43c75d0416fdc4869e75263ef5d5ef56b5cf9795dfc8961fd9869fea772feb67cfec488fed395fde2a3fcf0b2fcfdbf"
    ),
    "coolwarm": (
        "3b4cc0445acc4e68d85875e16282ea6c8ff1779af782a6fb8db0fe98b9ffa3c2feaec9fcb9d0f9c3d5f4ccd9edd5dbe5dddcdc"
        "e5d8d1ecd3c5f1ccb8f5c4acf7ba9ff7b093f6a586f4987af08b6eeb7d62e46e56dd5f4bd44e41ca3b37be242eb40426"
    ),
    "berlin": (
        "9eb0ff8caef679abed65a7e2519fd34194c13685ad2e76992868862259731d4b61183d4f14303e11242e111a20121214190c09"
        "220c022b0e013510004112014d16025b1d086c27117d341e8e422e9e513fae6051be6f63ce7f76df8f89f09f9cffadad"
    ),
}
"""Colour maps as 33 evenly spaced colours, as in colormaps.js: the first three for maps with one side, the others (zero in
their middle) for signed ones. Pictures open with viridis and coolwarm."""

THRESHOLD = 0.25
"""Below this share of the strongest value a map is transparent."""
OPACITY = 0.55
SMALLEST = 360
"""A picture narrower than this gets no colour bar and no caption: nobody could read them."""
ENLARGED = 512
"""A smaller film is enlarged to this, so that its captions can be read."""
BANNER = "Research use only — not for clinical use"
TYPED = str.maketrans("−—–“”‘’…", "---\"\"''.")
"""Pillow's own font knows Latin-1 only."""

Grey = NDArray[np.float32]
Colours = NDArray[np.uint8]


def film_png(image: Image, window: Window | None = None, longest: int | None = None) -> bytes:
    """The film as it opens (or through another window): 8-bit grey PNG. ``longest`` bounds its longer side in pixels."""
    film = Picture.fromarray(_octets(grey(image, window)))
    return _png(film.resize(_size(film, longest, 1), Picture.Resampling.LANCZOS) if longest else film)


def overlay_png(
    image: Image,
    explanation: Explanation,
    *,
    longest: int | None = None,
    region: Region | None = None,
    probability: float | None = None,
    span: tuple[float, float] | None = None,
) -> bytes:
    """A map over its film, as PNG in colour: transparent below the threshold, with the region a reader drew, and underneath the
    colour bar with the raw range, what the map is of, and that it is for research only.

    The colours run from 0 (from the negative of the end, for a signed map) to the 99.5th percentile of the map's size;
    ``span``: over these values instead, as a slice's map is shown with the colours of its stack.
    """
    low, high = span or ends(explanation)
    film = Picture.fromarray(_octets(grey(image))).convert("RGB")
    values = resample(explanation.values, explanation.extent, image.stored.shape)
    film.paste(
        Picture.fromarray(colours(values, low, high)), mask=Picture.fromarray(_opacity(values, high, explanation.signed))
    )
    size = _size(film, longest, ENLARGED)
    if size != film.size:
        film = film.resize(size, Picture.Resampling.LANCZOS if size[0] < film.width else Picture.Resampling.BICUBIC)
    if region is not None:
        _frame(film, region, film.width / image.stored.shape[1])
    return _png(
        _captioned(film, explanation, probability, (low, high))
        if min(longest or SMALLEST, max(film.size)) >= SMALLEST
        else film
    )


def ends(explanation: Explanation | StackExplanation) -> tuple[float, float]:
    """The values at the ends of the colours: (0, high), or (−high, high) for a signed map; (0, 1) where there is nothing.

    High is the 99.5th percentile; for a stack, that of the slice where it is largest: most slices hold nothing, and over all of
    them a finding's own slice would be one flat colour.
    """
    values = explanation.values if isinstance(explanation, StackExplanation) else explanation.values[None]
    strengths = [np.abs(each) if explanation.signed else each[each > 0] for each in values]
    high = max((float(np.percentile(each, 99.5)) for each in strengths if each.size), default=0.0)
    high = high or max(float(each.max(initial=0.0)) for each in strengths) or 1.0
    return (-high if explanation.signed else 0.0, high)


def colours(values: Grey, low: float, high: float) -> Colours:
    """Values (rows, columns) as colours, uint8 (rows, columns, 3): viridis from 0, coolwarm where ``low`` is negative."""
    chosen = table("coolwarm" if low < 0 else "viridis")
    place = np.clip((values - low) / (high - low), 0.0, 1.0) * 255
    return np.asarray(chosen[np.rint(place).astype(np.uint8)])


@cache
def table(name: str) -> Colours:
    """A colour map as uint8 (256, 3), linear between its stops."""
    stops = np.frombuffer(bytes.fromhex(STOPS[name]), np.uint8).reshape(33, 3)
    at = np.linspace(0, 32, 256)
    return np.stack([np.rint(np.interp(at, np.arange(33), stops[:, part])) for part in range(3)], axis=1).astype(np.uint8)


def _opacity(values: Grey, high: float, signed: bool) -> Colours:
    strength = np.abs(values) if signed else values
    return np.where(strength >= THRESHOLD * high, np.uint8(255 * OPACITY), np.uint8(0)).astype(np.uint8)


def _octets(film: Grey) -> Colours:
    return np.rint(film * 255).astype(np.uint8)


def _size(film: Picture.Image, longest: int | None, smallest: int) -> tuple[int, int]:
    """The picture's size: its own, but its longer side at least ``smallest`` and, if asked for, at most ``longest``."""
    side = max(film.size)
    scale = max(1.0, smallest / side)
    if longest is not None:
        scale = min(scale, longest / side)
    return max(1, round(film.width * scale)), max(1, round(film.height * scale))


def _frame(film: Picture.Image, region: Region, scale: float) -> None:
    """Draw a region as the page does: a yellow line on a dark one, seen on any film and any colour of a map."""
    width = max(2, round(max(film.size) / 256))
    draw = ImageDraw.Draw(film)
    for colour, thick in (((0, 0, 0), 3 * width), ((255, 209, 102), width)):
        for shape in region.shapes:
            edge = shape.bounds()
            box = [round(value * scale) for value in (edge.left, edge.top, edge.right, edge.bottom)]
            box[2], box[3] = max(box[0], box[2]), max(box[1], box[3])
            inner = (3 * width - thick) // 2
            inset = [box[0] + inner, box[1] + inner, max(box[0] + inner, box[2] - inner), max(box[1] + inner, box[3] - inner)]
            if shape.kind == "rectangle":
                draw.rectangle(inset, outline=colour, width=thick)
            elif shape.kind == "ellipse":
                draw.ellipse(inset, outline=colour, width=thick)
            else:
                line = [(x * scale, y * scale) for x, y in (*shape.points, *shape.points[:2])]
                draw.line(line, fill=colour, width=thick, joint="curve")


def _captioned(
    film: Picture.Image, explanation: Explanation, probability: float | None, span: tuple[float, float]
) -> Picture.Image:
    """The picture with a strip underneath: colour bar, its range, the caption, the banner."""
    low, high = span
    width = max(film.width, SMALLEST)
    unit = max(12, round(width / 42))
    font = ImageFont.load_default(unit)
    lines = _wrapped(typed(_caption(explanation, probability)), font, width - 2 * unit)
    lines += _wrapped(typed(BANNER), font, width - 2 * unit)
    out = Picture.new("RGB", (width, film.height + round(unit * (3.6 + 1.4 * len(lines)))), (17, 17, 17))
    out.paste(film, ((width - film.width) // 2, 0))
    draw = ImageDraw.Draw(out)
    top = film.height + unit // 2
    bar = np.linspace(low, high, width - 2 * unit, dtype=np.float32)[None].repeat(unit, axis=0)
    out.paste(Picture.fromarray(colours(bar, low, high)), (unit, top))
    marks = ((low, "la", unit), (0.0, "ma", width // 2), (high, "ra", width - unit)) if low < 0 else (
        (low, "la", unit), (high, "ra", width - unit))  # fmt: skip
    for value, anchor, at in marks:
        draw.text((at, top + round(1.2 * unit)), typed(figure(value)), (238, 238, 238), font, anchor)
    for number, line in enumerate(lines):
        draw.text((unit, top + round(unit * (2.7 + 1.4 * number))), line, (238, 238, 238), font)
    return out


def _caption(explanation: Explanation, probability: float | None) -> str:
    """What the map is of, in one sentence."""
    said = "" if probability is None else f", probability {probability:.3f}"
    values = explanation.values
    state = "" if explanation.state == "ok" else f" · {explanation.state}"
    return (
        f"{explanation.method} · {explanation.finding}{said} · {explanation.model} {explanation.model_sha256[:8]} · "
        f"raw values {figure(float(values.min()))} to {figure(float(values.max()))}{state}"
    )


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getbbox(longer)[2] > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def typed(text: str) -> str:
    """Text in the characters the font has."""
    return text.translate(TYPED).encode("latin-1", "replace").decode("latin-1")


def figure(value: float) -> str:
    """A value in a picture's caption: three figures, and a power of ten where it is far from one."""
    if value == 0 or 1e-3 <= abs(value) < 1e3:
        return f"{value:.3g}".replace("-", "−")
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")


def _png(picture: Picture.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=4)
    return out.getvalue()
