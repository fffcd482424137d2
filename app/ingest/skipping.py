"""What lies beside images on discs and in folders and needs no mention: indexes and the droppings of file managers."""

from pathlib import PurePosixPath

from app.errors import NotReadable

_DROPPINGS = frozenset({".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini"})


class DiscIndex(NotReadable):
    """A DICOMDIR: worth a sentence when somebody chose just that, not when it came along with its images."""

    def __init__(self, template: str = "", values: dict[str, str | int | float] | None = None) -> None:
        sentence = (
            "This is a DICOMDIR, the index of a disc, without pixels. Upload the image files beside it, or the whole folder."
        )
        super().__init__(template or sentence, values)


def junk(name: str) -> bool:
    """Whether a file's name says that a file manager left it there."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return bool(parts) and (parts[-1].lower() in _DROPPINGS or parts[-1].startswith("._") or "__MACOSX" in parts)


def came_along(name: str) -> bool:
    """Whether the name has a folder in it: a whole folder or an archive was uploaded."""
    return "/" in name.replace("\\", "/")
