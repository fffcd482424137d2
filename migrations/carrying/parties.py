"""Networks and readers, each one row however much they said."""

from collections.abc import Iterable

from migrations.carrying.rows import Row, Rows, public_id

SAYING = (
    "predictions",
    "exam_predictions",
    "explanations",
    "stack_explanations",
    "reviews",
    "exam_reviews",
    "agreements",
    "what_ifs",
)
"""The tables whose rows name a network's version."""
READING = ("reviews", "exam_reviews", "measures", "layouts", "what_ifs")
"""The tables whose rows name a reader."""


class Parties:
    """Who says something in the old rows, known since the first time."""

    def __init__(self, old: Rows) -> None:
        said = sorted((row for name in SAYING for row in old[name]), key=lambda row: row["created_at"])
        self._networks = {(row["model"], row["model_sha256"]): row["created_at"] for row in reversed(said)}
        left = sorted((row for name in READING for row in old[name]), key=lambda row: row["created_at"])
        self._readers = {row["reader"]: row["created_at"] for row in reversed(left)}
        self.networks = [
            {
                "id": public_id(),
                "name": name,
                "sha256": sha256,
                "title": "",
                "version": "",
                "imported": False,
                "created_at": first,
            }
            for (name, sha256), first in self._networks.items()
        ]
        self.readers = [
            {"id": public_id(), "name": name, "created_at": first} for name, first in self._readers.items()
        ]  # fmt: skip
        self._network_ids = {(row["name"], row["sha256"]): row["id"] for row in self.networks}
        self._reader_ids = {row["name"]: row["id"] for row in self.readers}

    def network(self, row: Row) -> str:
        """The id of the network's version that a row names."""
        return str(self._network_ids[row["model"], row["model_sha256"]])

    def reader(self, row: Row) -> str:
        """The id of the reader that a row names."""
        return str(self._reader_ids[row["reader"]])


def moved(rows: Iterable[Row], parties: Parties, renamed: dict[str, str], *, also: Iterable[str] = ()) -> list[Row]:
    """Rows with ids in place of a network's name and version or a reader's name, and columns of other names."""
    answer = []
    for row in rows:
        new = {renamed.get(name, name): value for name, value in row.items() if name not in also}
        if "model" in new:
            new["network_id"] = parties.network(row)
            del new["model"], new["model_sha256"]
        if "reader" in new:
            new["reader_id"] = parties.reader(row)
            del new["reader"]
        answer.append(new)
    return answer
