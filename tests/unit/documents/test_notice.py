"""Notices travel as canonical bytes and come back as they were."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sekisho.documents.canonical import canonical_json
from sekisho.documents.notice import build_notice, parse_notice
from sekisho.errors import DocumentError
from sekisho.model.notices import Notice, NoticeKind

NOW = datetime(2027, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)
NOTICE = Notice(
    kind=NoticeKind.TERMINATION,
    contract="sha256:" + "ab" * 32,
    party="ua.example",
    reason="The study has ended.",
    issued_at=NOW,
    effective_at=NOW + timedelta(days=30),
)


@pytest.mark.parametrize(
    "notice",
    [
        NOTICE,
        replace(NOTICE, for_breach=True, effective_at=NOW),
        *(
            replace(NOTICE, kind=kind, effective_at=NOW)
            for kind in NoticeKind
            if kind is not NoticeKind.TERMINATION
        ),
    ],
    ids=lambda notice: notice.kind.value,
)
def test_notice_comes_back_as_it_was(notice):
    assert parse_notice(build_notice(notice)) == notice


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "sekisho.contract/v1"}, "is not sekisho.notice/v1"),
        ({"kind": "pardon"}, "is not rejection, suspension, resumption, termination or deletion"),
        ({"contract": "sha256:ab"}, "is not a contract's id"),
        ({"party": "UA"}, "is not a party's name"),
        ({"reason": ""}, "the text is empty"),
        ({"issued_at": "2027-03-01T12:00:00Z"}, "is not an instant in UTC to the millisecond"),
        ({"effective_at": "2027-02-01T12:00:00.000Z"}, "before it is issued"),
        ({"kind": "suspension"}, "a suspension takes effect at once"),
        (
            {"kind": "rejection", "for_breach": True, "effective_at": "2027-03-01T12:00:00.123Z"},
            "only a termination can rest on a breach",
        ),
        ({"reason": "x\u202ey"}, "reading direction"),
        ({"more": 1}, "`more` is not a field here"),
    ],
)
def test_notice_that_says_something_else_is_refused(changes, message):
    payload = canonical_json(json.loads(build_notice(NOTICE)) | changes)
    with pytest.raises(DocumentError, match=message):
        parse_notice(payload)
