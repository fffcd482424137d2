"""The worklist: studies searched, filtered, sorted and paged by the database."""

from app.store.records import Page, WorklistQuery, WorklistRow


class Worklist:
    """The worklist of a transaction."""

    def page(self, query: WorklistQuery) -> Page[WorklistRow]:
        """One page; a page beyond the last is the last."""
        raise NotImplementedError

    def modalities(self) -> tuple[str, ...]:
        """The modalities that occur, sorted."""
        raise NotImplementedError
