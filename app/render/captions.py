"""The strip under a picture of a layer: its colours, their values, what the layer is, and that it is for research only."""

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from app.domain import Layer
from app.render.colours import class_colours
from app.render.laying import Over, bar
from app.render.looks import Known, Look, told

SMALLEST = 360
"""A picture narrower than this gets no colour bar and no caption: nobody could read them."""
BANNER = "Research use only — not for clinical use"
TYPED = str.maketrans("−—–“”‘’…", "---\"\"''.")
"""Pillow's own font knows Latin-1 only."""
BACKGROUND, LETTERS = (17, 17, 17), (238, 238, 238)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def captioned(film: Picture.Image, layer: Layer, laid: Over, known: Known, look: Look) -> Picture.Image:
    """The picture with a strip underneath: colour bar with its range and what its ends mean (or what the colours of classes
    stand for), the caption, what the network's card warns of, the banner. ``layer`` has the raw values, ``laid`` those that are
    drawn."""
    width = max(film.width, SMALLEST)
    unit = max(12, round(width / 42))
    font = ImageFont.load_default(unit)
    lines = wrapped(typed(caption(layer, laid.place, known, look)), font, width - 2 * unit)
    for warning in filter(None, (known.banner, BANNER)):
        lines += wrapped(typed(warning), font, width - 2 * unit)
    key = classes_key(layer, width, unit) if layer.scale == "classes" else _bar(laid, known, look, (width, unit), font)
    out = Picture.new("RGB", (width, film.height + key.height + round(unit * (0.9 + 1.4 * len(lines)))), BACKGROUND)
    out.paste(film, ((width - film.width) // 2, 0))
    out.paste(key, (0, film.height))
    draw = ImageDraw.Draw(out)
    for number, line in enumerate(lines):
        draw.text((unit, film.height + key.height + round(unit * 1.4 * number)), line, LETTERS, font)
    return out


def _bar(laid: Over, known: Known, look: Look, size: tuple[int, int], font: Font) -> Picture.Image:
    """A colour bar with the values at its ends and what these mean, and zero in the middle of a signed one."""
    (low, high), (width, unit) = laid.ends, size
    key = Picture.new("RGB", (width, round(unit * 2.7)), BACKGROUND)
    draw = ImageDraw.Draw(key)
    top = unit // 2
    across = width - 2 * unit
    if laid.layer.scale == "grey":
        shown = Picture.fromarray(np.rint(np.linspace(0, 255, across)).astype(np.uint8)[None].repeat(unit, axis=0)).convert(
            "RGB"
        )
    else:
        shown = Picture.fromarray(bar(laid, look, (across, unit)))
    key.paste(shown, (unit, top))
    above, below = known.words
    marks = [(f"{figure(low)} {below}".strip(), "la", unit), (f"{above} {figure(high)}".strip(), "ra", width - unit)]
    if laid.layer.signed:
        marks.insert(1, ("0", "ma", width // 2))
    for text, anchor, at in marks:
        draw.text((at, top + round(1.2 * unit)), typed(text), LETTERS, font, anchor)
    return key


def classes_key(layer: Layer, width: int, unit: int) -> Picture.Image:
    """A swatch with its name for every class of the stack, a line each, in letters ``unit`` pixels high."""
    font = ImageFont.load_default(unit)
    numbers = sorted({round(float(value)) for value in np.unique(layer.values)} - {0})
    key = Picture.new("RGB", (width, round(unit * (1 + 1.4 * len(numbers)))), BACKGROUND)
    draw = ImageDraw.Draw(key)
    for row, number in enumerate(numbers):
        top = round(unit * (0.5 + 1.4 * row))
        red, green, blue = class_colours(np.array(number, np.int32)).tolist()
        draw.rectangle((unit, top, 2 * unit, top + unit), fill=(red, green, blue))
        draw.text((round(2.5 * unit), top), _known(layer.names.get(number, ""), number), LETTERS, font)
    return key


def _known(name: str, number: int) -> str:
    """A class's name where the font has its letters, else its number."""
    plain = name.translate(TYPED)
    return plain if plain and plain.encode("latin-1", "ignore").decode("latin-1") == plain else str(number)


def caption(layer: Layer, place: int, known: Known, look: Look) -> str:
    """What the layer is, who made it, and how it is drawn, in one line; the values are those of one slice, from 0."""
    producer, probability = layer.producer, known.probability
    parts = [layer.kind, " ".join(filter(None, (producer.title or producer.name, producer.version)))]
    if layer.finding:
        parts.append(layer.finding + ("" if probability is None else f", probability {probability:.3f}"))
    if layer.model:
        parts.append(f"{layer.model} {layer.model_sha256[:8]}")
    if layer.scale != "classes":
        values = layer.values[place]
        unit = f" {layer.unit}" if layer.unit else ""
        parts.append(f"raw values {figure(float(values.min()))} to {figure(float(values.max()))}{unit}")
    if layer.padding is not None and layer.padding >= 0.01:
        parts.append(f"{layer.padding:.0%} in padding outside the image")
    parts += told(layer, known, look)
    if layer.state != "ok":
        parts.append(layer.state)
    return " · ".join(parts)


def wrapped(text: str, font: Font, width: int) -> list[str]:
    """Text in lines of at most ``width`` pixels."""
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
