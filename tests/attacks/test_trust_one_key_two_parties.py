"""One key under two companies' names, at once or after the first has given it up.

expect: step member.ownership, or member.possession where the key's holder does not help
effect: one company's signature is counted as another's
source: docs/spec/documents.md section 6
"""

from dataclasses import replace

import pytest

from sekisho.errors import TrustError
from sekisho.trust.members import verify_member
from support.parties import NOW, Party, members_of

UA, DL = Party(name="ua.example"), Party(name="dl.example")


def test_a_key_belongs_to_one_party_for_ever():
    members = members_of(UA)
    second_name = replace(DL, node=UA.node)

    with pytest.raises(TrustError) as caught:
        members.add(verify_member(second_name.member(), known=members, now=NOW))

    assert caught.value.step == "member.ownership"
    assert members.owner_of(UA.node.public) == "ua.example"
    assert "dl.example" not in members


def test_nobody_claims_a_key_without_its_private_half():
    claimed = replace(DL, node=UA.node).member(signers=(DL.people,))

    with pytest.raises(TrustError) as caught:
        verify_member(claimed, known=members_of(), now=NOW)

    assert caught.value.step == "member.possession"
