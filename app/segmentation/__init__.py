"""Where the parts of a chest lie on a film: what a segmentation network says of it, as layers with what is measured on them.

Knows torch and the classifiers' one way of reading a film; areas, ratio and pose are `app.anatomy`'s business.
"""

from app.segmentation.layers import layers
from app.segmentation.segmenter import Segmented, Segmenter

__all__ = ["Segmented", "Segmenter", "layers"]
