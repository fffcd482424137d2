"""Where the parts of a chest lie on a film: what a segmentation network says of it, as layers with what is measured on them.

Knows what `app.classifiers.segmenter` makes of a film; areas, ratio and pose are `app.anatomy`'s business.
"""

from app.segmentation.layers import layers

__all__ = ["layers"]
