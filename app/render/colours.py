"""Colours of layers: which values their ends have, which colour a value gets, and which colours tell classes apart.

The maps are those the viewer starts with (static/js/viewport).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.domain import Layer

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
    "puor": (
        "5e3c99684aa07358a77e66ae8874b69281bd9d8fc4a89dcbb2abd2bbb4d7c3bedbccc8e0d4d1e4dddae9e6e4eeeeeef2f7f7f7"
        "f8efe4f8e7d2f9dfc0fad8adfbd09afcc888fcc076fdb863faad57f7a24af4973ef28c32ef8226ec771ae96c0de66101"
    ),
}
"""Colour maps as 33 evenly spaced colours, as in colormaps.js: the first three for maps with one side, the others (zero in
their middle) for signed ones, puor for those of influence. Pictures open with viridis and coolwarm."""

CLASSES = (
    "e69f00", "56b4e9", "009e73", "f0e442", "0072b2", "d55e00", "cc79a7", "8dd3c7", "bebada", "fb8072", "b3de69", "fccde5",
)  # fmt: skip
"""Colours of classes 1, 2, 3 …, over again after the last; told apart without red and green (Okabe and Ito 2008), then by
lightness. Class 0 is nothing."""

Grey = NDArray[np.float32]
Colours = NDArray[np.uint8]


def ends(layer: Layer) -> tuple[float, float]:
    """The values at the ends of a layer's colours, the same for every slice of its stack.

    Relevance: (0, high), or (−high, high) where it is signed; (0, 1) where there is nothing. High is the 99.5th percentile, of
    the slice where it is largest: most slices hold nothing, and over all of them a finding's own slice would be one flat
    colour. A change is signed, and so is its bar. Values of the scale "unit": (0, 1), never stretched. Attention that is not:
    (0, its maximum). Grey values: the 0.5th and the 99.5th percentile, as a film without a window opens. Classes: (0, the
    highest number).
    """
    if layer.scale == "unit":
        return 0.0, 1.0
    if layer.scale == "grey":
        return _window(layer.values)
    highest = float(layer.values.max(initial=0.0))
    if layer.kind not in {"relevance", "change"}:
        return 0.0, highest if highest > 0 else 1.0
    high = strongest(layer) or 1.0
    return (-high if layer.signed else 0.0, high)


def strongest(layer: Layer) -> float:
    """How strong a map of relevance is: the 99.5th percentile of its sizes where it is signed, else of its positive values, of
    the slice where that is largest; 0 where there is nothing."""
    strengths = [np.abs(each) if layer.signed else each[each > 0] for each in layer.values]
    high = max((float(np.percentile(each, 99.5)) for each in strengths if each.size), default=0.0)
    return high or max((float(each.max(initial=0.0)) for each in strengths), default=0.0)


def _window(values: Grey) -> tuple[float, float]:
    low, high = (float(end) for end in np.percentile(values, (0.5, 99.5)))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return low, max(high, low + 1e-6)


@cache
def table(name: str) -> Colours:
    """A colour map as uint8 (256, 3), linear between its stops."""
    stops = np.frombuffer(bytes.fromhex(STOPS[name]), np.uint8).reshape(33, 3)
    at = np.linspace(0, 32, 256)
    return np.stack([np.rint(np.interp(at, np.arange(33), stops[:, part])) for part in range(3)], axis=1).astype(np.uint8)


def class_colours(numbers: NDArray[np.int32]) -> Colours:
    """Classes (…) as colours, uint8 (…, 3); black for class 0 and below."""
    known = np.frombuffer(bytes.fromhex("".join(CLASSES)), np.uint8).reshape(-1, 3)
    return np.asarray(np.where((numbers > 0)[..., None], known[(numbers - 1) % len(known)], np.uint8(0)), np.uint8)
