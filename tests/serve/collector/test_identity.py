"""Whether the topic is still the store's, and the store the one that was filled."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaConnectionError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata

from movierec.errors import CorruptFile, Unavailable
from movierec.store.chain import read_chain
from movierec.store.lineage import LIFE, read_lineage
from movierec.store.segments import partition_at
from serve.collector.identity import AnotherTopic
from tests.serve.collector.member import HERE, Member, chunk, users

OLD, NEW = "A" * 22, "B" * 22


@pytest.fixture
def bench(tmp_path: Path) -> Member:
    """Ten lines on disk, and five more read."""
    bench = Member(tmp_path / "store").start()
    bench.read(0, 10)
    bench.flush()
    return bench


def ends_of(bench: Member) -> list[tuple[int, int, bool]]:
    chain = read_chain(partition_at(bench.root, HERE.topic, 0))
    return [(s.start, s.end, s.gap) for s in chain.segments]


def test_the_first_assignment_says_whose_lines_they_are(bench: Member) -> None:
    lineage = read_lineage(bench.root, HERE.topic)
    assert lineage is not None and (lineage.topic_id, lineage.life) == (OLD, 0)
    assert bench.consumer.told[0][HERE].metadata == f"movierec {OLD} {lineage.store}"


def test_made_anew_while_stopped_is_refused_with_what_to_do(bench: Member) -> None:
    again = Member(bench.root)
    again.topics.id = NEW
    with pytest.raises(AnotherTopic, match=f"{NEW}.*{OLD}.*COLLECTOR_ACCEPT_NEW_TOPIC={NEW}"):
        again.start()
    assert again.ours.buffers == {}


def test_a_store_whose_lineage_was_lost_keeps_its_name(bench: Member) -> None:
    """Its segments bear it, and so do the group's commits."""
    path = bench.root / "movielog/lineage/00000000.json"
    before = read_lineage(bench.root, HERE.topic)
    path.unlink()
    again = Member(bench.root).start()
    assert read_lineage(bench.root, HERE.topic) == before
    assert users(again.stored()) == list(range(10))


def test_told_to_go_on_it_does_behind_a_gap_and_needs_not_be_told_again(bench: Member) -> None:
    told = Member(bench.root, accept_new_topic=(NEW,))
    told.topics.id, told.consumer.last = NEW, 3
    told.start()
    assert told.consumer.positions[HERE] == 0
    assert ends_of(bench) == [(0, 10, False), (10, LIFE, True)]
    told.collector._ours.add(HERE, chunk(0, 3))
    assert told.ours.ends() == {HERE: LIFE + 3}
    told.flush()
    assert users(told.stored()) == [*range(10), 0, 1, 2]
    assert told.consumer.told[-1][HERE].offset == 3
    assert told.ours.reached(HERE) == LIFE + 3
    again = Member(bench.root)
    again.topics.id, again.consumer.last = NEW, 3
    again.start()
    assert again.consumer.positions[HERE] == 3
    assert again.registry.get_sample_value("collector_gaps_total", {"topic": "movielog"}) is None
    third = Member(bench.root, accept_new_topic=(NEW,))  # a setting that was forgotten
    third.topics.id = "C" * 22
    with pytest.raises(AnotherTopic):
        third.start()


def test_a_partition_that_the_new_topic_lacks_keeps_no_day_open(bench: Member) -> None:
    told = Member(bench.root, accept_new_topic=(NEW,))
    told.topics.id = NEW
    told.consumer.partitions = {1}
    told.start(HERE._replace(partition=1))
    assert told.ours.ends() == {HERE: 10, HERE._replace(partition=1): LIFE + 1000}


def test_made_anew_while_running_only_what_was_proved_is_written(bench: Member) -> None:
    bench.read(10, 5)
    bench.collector._observe()
    bench.read(15, 5)  # of whichever topic
    bench.topics.id = NEW
    with pytest.raises(AnotherTopic):
        bench.flush()
    assert users(bench.stored()) == list(range(15))
    with pytest.raises(AnotherTopic):
        bench.collector._observe()


def test_without_an_answer_nothing_is_written_and_nothing_lost(bench: Member) -> None:
    bench.read(10, 5)
    bench.topics.error = KafkaConnectionError("gone")
    bench.flush()
    assert users(bench.stored()) == list(range(10))
    assert bench.registry.get_sample_value("collector_broker_up") == 0
    bench.topics.error = None
    bench.flush()
    assert users(bench.stored()) == list(range(15))


def test_a_deleted_topic_ends_it_after_a_while_with_all_on_disk(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bench.read(10, 5)
    bench.topics.exists = False
    bench.flush()
    assert users(bench.stored()) == list(range(15))
    assert bench.ours.ends() is None
    bench.topics.exists = True  # a broker that was starting
    bench.collector._observe()
    bench.topics.exists = False
    now[0] += 60
    bench.collector._observe()
    now[0] += 9.9
    bench.collector._observe()
    now[0] += 0.2
    with pytest.raises(Unavailable, match="topic movielog was deleted"):
        bench.collector._observe()


def record(offset: int, user: int) -> Any:
    [value] = chunk(user, 1).lines.values.to_pylist()
    return SimpleNamespace(offset=offset, value=value, timestamp=0)


@pytest.mark.parametrize(
    ("found", "fine"),
    [(record(9, 9), True), (record(9, 8), False), (record(11, 3), True), (None, True)],
)
@pytest.mark.parametrize("written", ["by brokers without ids", "before there were lineages"])
def test_where_no_id_proves_it_the_last_line_is_compared(
    tmp_path: Path, written: str, found: Any, fine: bool
) -> None:
    first = Member(tmp_path / "store")
    first.topics.id = None
    first.start().read(0, 10)
    first.flush()
    again = Member(tmp_path / "store")
    again.topics.id, again.topics.record = None, found
    if written.startswith("before"):
        (tmp_path / "store/movielog/lineage/00000000.json").unlink()
        again.topics.id = OLD
    if fine:
        assert again.start().consumer.positions[HERE] == 10
    else:
        with pytest.raises(CorruptFile, match="holds another line at offset 9 than the store"):
            again.start()


@pytest.fixture
def without_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Member:
    """Ten lines on disk, and five more read, on brokers that have no ids."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    bench = Member(tmp_path / "store")
    bench.topics.id = None
    bench.start().read(0, 10)
    bench.flush()
    bench.read(10, 5)
    return bench


@pytest.mark.parametrize("same", [True, False])
def test_where_no_id_proves_it_a_topic_that_was_away_is_compared_before_more_is_written(
    without_ids: Member, same: bool
) -> None:
    """It was there before it was away: what was read by then is its own."""
    bench = without_ids
    bench.topics.exists = False
    bench.collector._observe()
    bench.ours.begin_held()
    assert users(bench.stored()) == list(range(15)) and bench.ours.held == {HERE}
    bench.ours.begin_held()
    assert bench.ours.held == {HERE}  # nobody there with whom to compare
    bench.topics.exists, bench.topics.record = True, record(14, 14 if same else 3)
    if same:
        bench.ours.begin_held()
        assert bench.consumer.positions[HERE] == 15
        bench.read(15, 5)
        bench.flush()
        assert users(bench.stored()) == list(range(20))
    else:
        with pytest.raises(CorruptFile, match="holds another line at offset 14 than the store"):
            bench.ours.begin_held()


def test_what_was_read_before_a_topic_went_is_written_whoever_notices(without_ids: Member) -> None:
    bench = without_ids
    bench.topics.exists = False
    bench.collector.assigned([HERE._replace(partition=1)])
    for _ in range(2):
        bench.ours.begin_held()
    assert users(bench.stored()) == list(range(15)) and HERE in bench.ours.held


@pytest.mark.parametrize("asks", ["a flush", "a look at the ends", "a gap"])
def test_where_no_id_proves_it_a_topic_that_came_back_proves_nothing(
    without_ids: Member, asks: str
) -> None:
    """Made anew, it is there for the first broker, and then for all."""
    bench, lines = without_ids, 10
    if asks == "a gap":
        bench.flush()
        bench.consumer.first, lines = 40, 15
    bench.topics.exists, bench.topics.some_know = False, True
    for bench.topics.exists in (False, True):
        if asks == "a flush":
            bench.flush()
        elif asks == "a gap":
            bench.ours.out_of_range(OffsetOutOfRangeError({HERE: 15}))
        else:
            assert bench.ours.ends() is None
    bench.topics.record = record(lines - 1, 3)
    with pytest.raises(CorruptFile, match=r"holds another line at offset .* than the store"):
        bench.ours.begin_held()
    assert users(bench.stored()) == list(range(lines))
    assert not any(gap for _, _, gap in ends_of(bench))


def test_where_ids_prove_it_a_topic_that_was_away_is_not_compared(bench: Member) -> None:
    bench.topics.exists = False
    bench.collector._observe()
    bench.topics.exists = True
    bench.ours.begin_held()
    bench.read(10, 5)
    bench.flush()
    assert users(bench.stored()) == list(range(15)) and bench.topics.peeked == []


def commit(bench: Member, offset: int, change: Callable[[str], str]) -> None:
    mark = bench.collector._broker.identity.mark(HERE.topic)
    bench.consumer.commits[HERE] = OffsetAndMetadata(offset, change(mark), -1)


def same(mark: str) -> str:
    return mark


def another_store(mark: str) -> str:
    return mark[:-3] + "xyz"


def another_topic(mark: str) -> str:
    return another_store(mark.replace(OLD, NEW))


@pytest.mark.parametrize(
    ("offset", "change", "fine"),
    [
        (11, another_store, False),
        (10, another_store, True),  # the disk has it all
        (11, same, True),  # a damaged segment of this store was moved away
        (11, another_topic, True),
        (11, lambda mark: "", True),  # somebody set the group's offsets
    ],
)
def test_a_store_that_lacks_what_was_once_on_disk_is_refused(
    bench: Member,
    caplog: pytest.LogCaptureFixture,
    offset: int,
    change: Callable[[str], str],
    fine: bool,
) -> None:
    commit(bench, offset, change)
    if fine:
        assert bench.start().consumer.positions[HERE] == 10
        told = [r for r in caplog.records if r.getMessage().startswith("the disk is behind")]
        assert [r.__dict__["committed"] for r in told] == [11] * (offset > 10)
    else:
        with pytest.raises(CorruptFile, match=r"offset 11, but .* ends at 10: it was moved or em"):
            bench.start()


def test_in_a_store_s_second_topic_too_what_it_lacks_is_noticed(bench: Member) -> None:
    """Its offsets are moved there; the group's are Kafka's own."""
    told = Member(bench.root, accept_new_topic=(NEW,))
    told.topics.id, told.consumer.last = NEW, 3
    told.start().collector._ours.add(HERE, chunk(0, 3))
    told.flush()
    commit(told, 3, another_store)
    assert told.start().consumer.positions[HERE] == 3
    commit(told, 4, another_store)
    with pytest.raises(CorruptFile, match=r"offset 4, but .* ends at 3: it was moved or emptied"):
        told.start()


def test_without_the_group_s_answer_a_partition_is_held_on(
    bench: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise KafkaConnectionError("gone")

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(bench.consumer, "committed", gone)
    bench.collector.assigned([HERE])
    bench.ours.begin_held()
    assert bench.ours.held == {HERE} == bench.consumer.paused
    counted = {"error": "KafkaConnectionError"}
    assert bench.registry.get_sample_value("collector_kafka_errors_total", counted) == 1
    monkeypatch.undo()
    bench.ours.begin_held()
    assert bench.ours.held == set()


def test_what_is_assigned_anew_is_asked_for_anew_and_the_id_speaks_first(bench: Member) -> None:
    bench.topics.id, bench.topics.record = NEW, record(9, 8)
    bench.collector.assigned([HERE])
    with pytest.raises(AnotherTopic, match="COLLECTOR_ACCEPT_NEW_TOPIC"):
        bench.ours.begin_held()
