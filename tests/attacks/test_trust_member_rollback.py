"""An old member document is offered again, with keys that were rotated out since.

expect: step member.rollback
effect: a key that was given up, perhaps because it was stolen, signs again
source: docs/spec/documents.md section 6
"""

import pytest

from sekisho.errors import TrustError
from sekisho.trust.members import Members, verify_member
from support.parties import NOW, Party, members_of

UA = Party(name="ua.example")


def test_a_lower_version_is_refused():
    first = UA.member()
    later = UA.member(version=3, first=first.digest, country="US")
    members = members_of(UA)
    known = Members().add(verify_member(later, known=Members(), now=NOW))
    skipped = UA.member(version=2, first=first.digest)

    for old in (first, skipped):
        with pytest.raises(TrustError, match="older than the known version 3") as caught:
            known.add(verify_member(old, known=known, now=NOW))
        assert caught.value.step == "member.rollback"

    assert known.latest(UA.name).member.version == 3
    assert members.latest(UA.name).member.version == 1
