"""One member's anchor issues a certificate in another member's name.

expect: step certificate.issuer
effect: with one shared root pool, company A asks and answers as company B
source: docs/spec/documents.md section 8
"""

import pytest

from sekisho.errors import TrustError
from sekisho.trust.certificates import generate_serial, make_leaf, verify_peer_certificate
from sekisho.trust.keys import generate_tls_key
from support.parties import NOW, Party, members_of

UA, DL = Party(name="ua.example"), Party(name="dl.example")
MEMBERS = members_of(UA, DL)


def test_a_certificate_in_anothers_name_is_refused():
    forged = DL.leaf(bearing="ua.example")

    with pytest.raises(TrustError) as caught:
        verify_peer_certificate(forged, members=MEMBERS, now=NOW)

    assert caught.value.step == "certificate.issuer"


def test_bearing_both_names_makes_nobody_the_other():
    both = DL.leaf(bearing="ua.example", hosts=("dl.example",))

    assert verify_peer_certificate(both, members=MEMBERS, now=NOW) == "dl.example"


def test_an_anchor_that_copies_the_others_name_signs_no_better():
    copy = Party(name="ua.example")

    with pytest.raises(TrustError) as caught:
        verify_peer_certificate(copy.leaf(), members=MEMBERS, now=NOW)

    assert caught.value.step == "certificate.issuer"


def test_a_certificate_issued_by_a_leaf_is_refused():
    stolen_key, stolen_leaf = UA.tls_key, UA.leaf()
    forged = make_leaf(
        UA.name,
        key_pem=generate_tls_key(),
        anchor_pem=stolen_leaf,
        anchor_key_pem=stolen_key,
        serial=generate_serial(),
        now=NOW,
    )

    with pytest.raises(TrustError) as caught:
        verify_peer_certificate(forged, members=MEMBERS, now=NOW)

    assert caught.value.step == "certificate.issuer"


def test_an_anchor_shown_as_a_leaf_is_refused():
    with pytest.raises(TrustError):
        verify_peer_certificate(UA.anchor, members=MEMBERS, now=NOW)
