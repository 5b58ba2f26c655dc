"""Two different member documents with the same number, shown to different companies.

expect: step member.conflict
effect: half of the companies believe other keys or another endpoint than the rest
source: docs/spec/documents.md section 6
"""

import pytest

from sekisho.errors import TrustError
from sekisho.trust.members import Members, verify_member
from support.parties import NOW, Party

UA = Party(name="ua.example")


def test_another_document_of_the_same_number_is_refused_and_told_as_an_alarm():
    shown_here = UA.member()
    shown_there = UA.member(endpoints=["evil.example:7443"])
    known = Members().add(verify_member(shown_here, known=Members(), now=NOW))

    with pytest.raises(TrustError, match="two different documents") as caught:
        known.add(verify_member(shown_there, known=known, now=NOW))

    assert caught.value.step == "member.conflict"
    assert "wrong hands" in caught.value.hint
    assert known.latest(UA.name).member.endpoints == ("ua.example:7443",)


def test_so_is_another_document_of_an_older_number():
    first = UA.member()
    known = Members().add(verify_member(first, known=Members(), now=NOW))
    second = UA.member(version=2, first=first.digest)
    known = known.add(verify_member(second, known=known, now=NOW))

    with pytest.raises(TrustError) as caught:
        verify_member(UA.member(country="US"), known=known, now=NOW)

    assert caught.value.step == "member.conflict"
