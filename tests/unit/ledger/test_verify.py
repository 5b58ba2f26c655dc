"""A whole ledger is checked, and the first entry that does not hold is named."""

from dataclasses import replace

import pytest

from sekisho.errors import LedgerError
from sekisho.ledger.bodies import (
    Asked,
    Body,
    Closed,
    Failed,
    Interrupted,
    MemberChange,
    MemberEvent,
    Pruned,
)
from sekisho.ledger.entry import Channel, Entry, Link, entry_bytes
from sekisho.ledger.indexes import Indexes
from sekisho.ledger.merkle import Tree, entry_hash
from sekisho.ledger.spans import Span, StoredEntry, check_span
from sekisho.ledger.verify import join_spans, verify_ledger
from support.state import CHANNEL, PROVIDER, asked, refused

AT = "2026-12-01T05:00:00.123Z"
OTHER = Channel(provider=PROVIDER, consumer=PROVIDER, contract=CHANNEL.contract)
ELSEWHERE = replace(OTHER, contract="sha256:" + "ef" * 32)
CLOSED = Closed(ends=0, rows=1, bytes=2, blake3="ab")
FAILED = Failed(ends=0, reason="gone", rows=0, bytes=0)


def spans_of(entries: list[StoredEntry], size: int, total: int) -> list[Span]:
    """Check entries a span at a time, as a store cuts them: by index."""
    starts = range(0, total, size)
    return [
        check_span([e for e in entries if start <= e.index < start + size], start=start)
        for start in starts
    ]


def blank(ledger: "Ledger", *indexes: int) -> None:
    """Leave nothing of entries but their leaves."""
    for index in indexes:
        ledger.entries[index] = replace(ledger.entries[index], salt=b"", body=b"")


class Ledger:
    """Entries written by hand, so that each rule can be broken alone."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.entries: list[StoredEntry] = []
        self.channels: dict[Channel, tuple[int, str]] = {}

    def add(
        self,
        body: Body,
        *,
        at: str = AT,
        channel: Channel | None = CHANNEL,
        seq: int | None = None,
        previous: str | None = None,
        index: int | None = None,
    ) -> "Ledger":
        link = None
        if channel:
            expected = self.channels.get(channel, (0, ""))
            link = Link(
                channel=channel,
                seq=expected[0] if seq is None else seq,
                previous=expected[1] if previous is None else previous,
            )
        number = self.tree.size if index is None else index
        data = entry_bytes(Entry(index=number, at=at, link=link, body=body))
        leaf = entry_hash(bytes(32), data)
        self.entries.append(StoredEntry(index=self.tree.size, salt=bytes(32), body=data, leaf=leaf))
        if channel and link:
            self.channels[channel] = (link.seq + 1, leaf.hex())
        self.tree = self.tree.append(leaf)
        return self

    def fails(self, words: str, *, index: int | None) -> None:
        with pytest.raises(LedgerError, match=words) as caught:
            verify_ledger(self.entries, head=self.tree)
        assert caught.value.index == index
        self.fails_in_spans(words, index=index)

    def fails_in_spans(self, words: str, *, index: int | None) -> None:
        """The same is found where entries are checked apart from those before them."""
        for size in (1, 2, 4):
            with pytest.raises(LedgerError, match=words) as caught:
                join_spans(spans_of(self.entries, size, self.tree.size), head=self.tree)
            assert caught.value.index == index


def test_an_empty_ledger_holds():
    report = verify_ledger([], head=Tree())
    assert (report.size, report.open, report.first_at) == (0, (), "")


def test_a_ledger_that_holds_is_reported():
    ledger = Ledger().add(asked()).add(refused(), channel=OTHER).add(FAILED)
    ledger.add(asked(2), at="2026-12-01T05:00:01.000Z")
    ledger.add(
        MemberEvent(party=PROVIDER, event=MemberChange.ADDED, version=1, fingerprint="f"),
        channel=None,
        at="2026-12-01T05:00:01.000Z",
    )
    report = verify_ledger(ledger.entries, head=ledger.tree)
    for size in (1, 2, 4):
        assert join_spans(spans_of(ledger.entries, size, 5), head=ledger.tree) == report
    assert (report.size, report.channels, report.open) == (5, 2, (3,))
    assert (report.first_at, report.last_at) == (AT, "2026-12-01T05:00:01.000Z")
    assert report.root == ledger.tree.root()


def test_a_missing_entry_is_named():
    ledger = Ledger().add(refused()).add(refused(1)).add(refused(2))
    del ledger.entries[1]
    ledger.fails("entry 1 is missing", index=1)


def test_a_salt_of_another_length_is_named():
    ledger = Ledger().add(refused())
    ledger.entries[0] = replace(ledger.entries[0], salt=b"")
    ledger.fails("salt of 0 bytes", index=0)


def test_an_altered_entry_is_named():
    ledger = Ledger().add(refused()).add(refused(1))
    ledger.entries[1] = replace(ledger.entries[1], body=ledger.entries[0].body)
    ledger.fails("entry 1 was altered", index=1)


def test_an_entry_that_says_another_index_is_named():
    Ledger().add(refused(), index=5).fails("says that it is entry 5", index=0)


def test_time_that_goes_back_is_named():
    ledger = Ledger().add(refused()).add(refused(1), at="2026-12-01T05:00:00.122Z")
    ledger.fails("before the one ahead", index=1)


@pytest.mark.parametrize("wrong", [{"seq": 3}, {"previous": "ab" * 32}, {"seq": 0, "previous": ""}])
def test_a_channel_that_is_not_continued_is_named(wrong):
    Ledger().add(refused()).add(refused(1), **wrong).fails("continue its channel", index=1)


@pytest.mark.parametrize(
    ("first", "end", "channel"),
    [
        (refused(), FAILED, CHANNEL),
        (asked(), CLOSED, CHANNEL),
        (asked(), FAILED, OTHER),
        (asked(), replace(FAILED, ends=1), CHANNEL),
    ],
    ids=["of a refusal", "of the other side", "in another channel", "of itself"],
)
def test_an_end_without_its_start_is_named(first, end, channel):
    Ledger().add(first).add(end, channel=channel).fails("which is not open", index=1)


def test_a_second_end_is_named():
    interrupted = Interrupted(ends=0, reserved_rows=0, reserved_bytes=0)
    ledger = Ledger().add(asked()).add(FAILED).add(interrupted)
    assert isinstance(asked(), Asked)
    ledger.fails("ends entry 0, which is not open", index=2)


def test_a_cut_off_ledger_is_noticed():
    ledger = Ledger().add(refused()).add(refused(1))
    ledger.entries.pop()
    ledger.fails("head counts 2 entries, found 1", index=1)


def test_a_head_of_other_entries_is_noticed():
    ledger = Ledger().add(refused())
    ledger.tree = Ledger().add(refused(1)).tree
    ledger.fails("do not lead to the root", index=None)


def test_an_entry_that_is_not_canonical_is_named():
    ledger = Ledger().add(refused())
    data = ledger.entries[0].body.replace(b'","', b'", "', 1)
    leaf = entry_hash(bytes(32), data)
    ledger.entries[0] = StoredEntry(index=0, salt=bytes(32), body=data, leaf=leaf)
    ledger.fails("canonical", index=0)


def test_the_first_of_two_faults_is_named_wherever_the_spans_are_cut():
    ledger = Ledger()
    for number in range(8):
        ledger.add(refused(number), previous="ab" * 32 if number in {3, 6} else None)
    ledger.entries[5] = replace(ledger.entries[5], salt=b"")
    ledger.fails("entry 3 does not continue", index=3)


def test_what_is_missing_at_the_end_of_a_span_is_named():
    ledger = Ledger()
    for number in range(8):
        ledger.add(refused(number))
    del ledger.entries[3]
    ledger.fails("entry 3 is missing; the next one found is 4", index=3)


def test_an_end_that_comes_twice_is_named_wherever_the_spans_are_cut():
    ledger = Ledger().add(asked()).add(refused(1)).add(FAILED).add(FAILED)
    ledger.fails("ends entry 0, which is not open", index=3)


def pruned(*entries: str) -> Pruned:
    return Pruned(contract=CHANNEL.contract, entries=entries)


def of_two_contracts() -> Ledger:
    """Two answers of a contract, one of another between them."""
    ledger = Ledger().add(asked()).add(FAILED).add(refused(), channel=ELSEWHERE)
    return ledger.add(asked(3)).add(replace(FAILED, ends=3))


def test_entries_that_were_pruned_are_counted():
    ledger = of_two_contracts().add(pruned("0-1", "3-4"), channel=None)
    blank(ledger, 0, 1, 3, 4)
    report = verify_ledger(ledger.entries, head=ledger.tree)
    assert (report.size, report.pruned, report.channels) == (6, 4, 1)
    for size in (1, 2, 4):
        assert join_spans(spans_of(ledger.entries, size, 6), head=ledger.tree) == report


@pytest.mark.parametrize("gone", [(0,), (0, 1), (0, 1, 3)])
def test_a_pruning_that_was_interrupted_holds(gone):
    ledger = of_two_contracts().add(pruned(*map(str, Indexes(gone).texts())), channel=None)
    blank(ledger, *gone)
    for size in (1, 2, 4, 8):
        report = join_spans(spans_of(ledger.entries, size, 6), head=ledger.tree)
        assert (report.pruned, report.open) == (len(gone), ())


def test_an_entry_without_a_body_that_nothing_names_is_found():
    ledger = of_two_contracts().add(pruned("0-1"), channel=None)
    blank(ledger, 0, 1, 4)
    ledger.fails("entry 4 has no body, and no entry `pruned` names it", index=4)


@pytest.mark.parametrize("named", [("0-1", "3"), ("0-1", "5"), ("0-1", "9")])
def test_a_pruning_of_what_has_a_body_is_found(named):
    ledger = of_two_contracts().add(pruned(*named), channel=None)
    blank(ledger, 0, 1)
    ledger.fails(f"says that entry {named[1]} was pruned, which is not so", index=5)


def test_an_entry_that_was_pruned_twice_is_found():
    ledger = of_two_contracts().add(pruned("0-1"), channel=None).add(pruned("1"), channel=None)
    blank(ledger, 0, 1)
    ledger.fails("says that entry 1 was pruned", index=6)


def test_a_pruning_does_not_excuse_another_contracts_channel():
    ledger = Ledger().add(asked()).add(FAILED)
    ledger.add(refused(), channel=ELSEWHERE, seq=1, previous="ab" * 32)
    ledger.add(pruned("0-1"), channel=None)
    blank(ledger, 0, 1)
    ledger.fails("entry 2 does not continue its channel", index=2)


def test_a_stretch_without_end_is_refused_at_its_first_entry_too_many():
    ledger = of_two_contracts().add(pruned(f"0-{10**15}"), channel=None)
    blank(ledger, *range(5))
    ledger.fails("says that entry 5 was pruned, which is not so", index=5)
