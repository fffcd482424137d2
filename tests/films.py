"""Films, studies and layers made on the spot, as ingest and a method would hand them over."""

from typing import Any

import numpy as np

from app.domain import Extent, Image, Layer, Patient, Producer, Series, Study, frozen

SHA = "ab" * 32


def image(uid: str = "1.2.3.1", seed: int = 0, shape: tuple[int, int] = (12, 10), **fields: Any) -> Image:
    """A film of random 12-bit values."""
    stored = np.random.default_rng(seed).integers(0, 4096, shape).astype(np.uint16)
    return Image(sop_instance_uid=uid, frame=fields.pop("frame", 0), stored=fields.pop("stored", frozen(stored)), **fields)


def study(*images: Image, uid: str = "1.2.3", series_uid: str = "1.2.3.0", **fields: Any) -> Study:
    """A chest study with one series."""
    series = Series(
        series_uid=series_uid,
        modality=fields.pop("modality", "DX"),
        images=images or (image(),),
        body_part=fields.pop("body_part", "CHEST"),
        view_position="PA",
    )
    patient = fields.pop("patient", Patient("Doe^Jane", "ID-7", "19700102", "F"))
    return Study(study_uid=uid, patient=patient, series=(series,), **fields)


def layer(values: object, extent: Extent, **fields: Any) -> Layer:
    """A layer of the values (slices, height, width) or, of a film, (height, width): signed relevance unless told otherwise."""
    array = np.asarray(values, np.float32)
    return Layer(
        stack=fields.pop("stack", image().stack),
        kind=fields.pop("kind", "relevance"),
        scale=fields.pop("scale", "signed"),
        producer=fields.pop("producer", Producer("method", "cam")),
        model=fields.pop("model", "net"),
        model_sha256=SHA,
        finding=fields.pop("finding", "Nodule"),
        values=frozen(array if array.ndim == 3 else array[None]),
        extent=extent,
        **fields,
    )
