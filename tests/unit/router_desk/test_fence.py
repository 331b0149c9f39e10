"""Which records count: the rule itself, against plain sentences and against a list-based oracle."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.runtime.reader import Stored
from router.core.commit import Commit, EpochRecord, encode_commit, encode_epoch
from router.desk.fence import Counted, EpochBegan, Fence

AT = datetime(2030, 1, 1, tzinfo=UTC)


def epoch(seq: int) -> Stored:
    return Stored(seq, "desk.support.epoch", encode_epoch(EpochRecord(leader="replica-1", at=AT)), {}, AT)


def commit(seq: int, of: int, index: int) -> Stored:
    data = encode_commit(Commit(epoch=of, index=index, now=AT, cause=f"{of}.{index}"))
    return Stored(seq, "desk.support.log", data, {}, AT)


def counted(records: list[Stored]) -> list[int]:
    fence = Fence()
    return [stored.seq for stored in records if isinstance(fence.admit(stored), Counted)]


def test_an_epoch_is_the_sequence_of_its_record() -> None:
    fence = Fence()
    began = fence.admit(epoch(7))
    assert isinstance(began, EpochBegan)
    assert (began.seq, fence.epoch, fence.index, fence.seq) == (7, 7, 0, 7)


def test_commits_count_that_follow_each_other_in_the_epoch_in_force() -> None:
    assert counted([epoch(1), commit(2, 1, 1), commit(3, 1, 2)]) == [2, 3]


def test_nothing_counts_before_the_first_epoch() -> None:
    assert counted([commit(1, 0, 2), commit(2, 5, 1)]) == []


def test_what_follows_a_gap_is_dropped_until_the_missing_one_comes() -> None:
    assert counted([epoch(1), commit(2, 1, 2), commit(3, 1, 3), commit(4, 1, 1), commit(5, 1, 2)]) == [4, 5]


def test_a_late_copy_is_dropped() -> None:
    assert counted([epoch(1), commit(2, 1, 1), commit(3, 1, 1), commit(4, 1, 2), commit(5, 1, 1)]) == [2, 4]


def test_a_deposed_leader_s_commit_is_dropped_even_with_the_next_index() -> None:
    assert counted([epoch(1), commit(2, 1, 1), epoch(3), commit(4, 1, 2), commit(5, 1, 1), commit(6, 3, 1)]) == [2, 6]


def test_a_new_epoch_begins_at_index_1() -> None:
    assert counted([epoch(1), commit(2, 1, 1), epoch(3), commit(4, 3, 2), commit(5, 3, 1)]) == [2, 5]


def test_a_dropped_record_moves_the_place_in_the_log_and_nothing_else() -> None:
    fence = Fence()
    fence.admit(epoch(1))
    assert fence.admit(commit(2, 1, 9)) is None
    assert (fence.seq, fence.epoch, fence.index) == (2, 1, 0)


def test_a_record_that_this_code_cannot_read_stops_the_reader_and_leaves_its_place() -> None:
    fence = Fence()
    fence.admit(epoch(1))
    unknown = b'{"epoch":1,"index":1,"now":"2030-01-01T00:00:00Z","events":[{"type":"FromTheFuture"}]}'
    with pytest.raises(msgspec.DecodeError):
        fence.admit(Stored(2, "desk.support.log", unknown, {}, AT))
    assert (fence.seq, fence.epoch, fence.index) == (1, 1, 0)


@given(st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 8), st.integers(0, 5))), max_size=40))
def test_readers_that_begin_anywhere_with_the_place_of_another_agree(log: list[tuple[int, int] | None]) -> None:
    records = [commit(seq, *what) if what else epoch(seq) for seq, what in enumerate(log, start=1)]
    fence, seen, places = Fence(), [], []
    for stored in records:
        places.append((fence.seq, fence.epoch, fence.index))
        seen.append(fence.admit(stored))
    for start, place in enumerate(places):
        resumed = Fence(*place)
        assert [resumed.admit(stored) for stored in records[start:]] == seen[start:]


@given(st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 8), st.integers(0, 5))), max_size=40))
def test_what_counts_is_for_each_epoch_the_longest_row_of_indices(log: list[tuple[int, int] | None]) -> None:
    records = [commit(seq, *what) if what else epoch(seq) for seq, what in enumerate(log, start=1)]
    expected: list[int] = []
    in_force, rows = 0, {0: 0}
    for seq, what in enumerate(log, start=1):
        if what is None:
            in_force = seq
            rows[seq] = 0
        elif what == (in_force, rows[in_force] + 1):
            rows[in_force] += 1
            expected.append(seq)
    assert counted(records) == expected
