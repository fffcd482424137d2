"""Operating points that readers moved: each reader's own, of one version of a network, and put back without a trace."""

from app.store import Store

VERSION, OTHER = ("chest", "a" * 64), ("chest", "b" * 64)


def test_a_point_is_where_a_reader_last_moved_it(store: Store) -> None:
    with store.begin() as tx:
        tx.points.move("reader", VERSION, "Mass", 0.2)
        row = tx.points.move("reader", VERSION, "Mass", 0.04)
        tx.points.move("reader", VERSION, "Edema", 0.5)
    with store.view() as tx:
        assert tx.points.moved("reader") == {(*VERSION, "Mass"): 0.04, (*VERSION, "Edema"): 0.5}
        assert row in tx.points.of_reader("reader")


def test_a_point_is_of_one_reader_and_one_version(store: Store) -> None:
    with store.begin() as tx:
        tx.points.move("reader", VERSION, "Mass", 0.2)
        tx.points.move("another", VERSION, "Mass", 0.3)
        tx.points.move("reader", OTHER, "Mass", 0.4)
    with store.begin() as tx:
        assert tx.points.reset("reader", VERSION, "Mass")
        assert not tx.points.reset("reader", VERSION, "Mass"), "there is nothing to put back any more"
        assert tx.points.moved("another") == {(*VERSION, "Mass"): 0.3}
        assert tx.points.moved("reader") == {(*OTHER, "Mass"): 0.4}
