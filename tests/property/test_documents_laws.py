"""Laws of documents: one value has one spelling, and a changed byte breaks every signature."""

import contextlib
import json
from dataclasses import replace

import pytest
import rfc8785
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sekisho.documents.canonical import canonical_json, parse_canonical
from sekisho.documents.envelope import (
    Envelope,
    EnvelopeSignature,
    PayloadType,
    envelope_to_json,
    parse_envelope_json,
    seal,
)
from sekisho.documents.value import MAX_INTEGER, check_text
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError, SekishoError, TrustError
from sekisho.model.member import Purpose
from sekisho.trust.verify import verify_signatures
from support.parties import NOW, Party, members_of

UA = Party(name="ua.example")
MEMBERS = members_of(UA)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
values = st.recursive(
    texts | integers | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(texts, values, max_size=5)


@given(objects)
def test_what_is_written_is_read_back(value):
    assert parse_canonical(canonical_json(value)) == value


@given(objects)
def test_the_order_of_keys_never_matters(value):
    turned = dict(reversed(list(value.items())))

    assert canonical_json(turned) == canonical_json(value)


@given(objects, st.sampled_from([(", ", ": "), (",", ": "), (", ", ":")]))
def test_every_other_spelling_is_refused(value, separators):
    other = json.dumps(value, separators=separators, ensure_ascii=False).encode()

    if other != canonical_json(value):
        with pytest.raises(DocumentError):
            parse_canonical(other)


@given(st.binary(max_size=200))
def test_whatever_is_accepted_is_its_own_canonical_form(data):
    with contextlib.suppress(DocumentError):
        assert rfc8785.dumps(parse_canonical(data)) == data


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
def test_the_yaml_reader_reads_or_says_why_not_and_never_breaks(data):
    with contextlib.suppress(DocumentError):
        canonical_json(parse_yaml(data).value)


SCRAPS = """a b true ~ where 0 1 - ? : , # [ ] { } " ' | > é \\""".split()
snippets = st.lists(
    st.sampled_from([*SCRAPS, ": ", "- ", " # ", " ", "\n", "\n  "]), max_size=40
).map("".join)


@given(snippets)
def test_what_is_read_is_what_the_safe_loader_reads_or_is_refused(text):
    try:
        ours = parse_yaml(text.encode()).value
    except DocumentError:
        return
    assert ours == yaml.load(text, Loader=yaml.BaseLoader) or _differs_by_types(ours, text)


def _differs_by_types(ours, text):
    """Compare with PyYAML where every scalar is a text, writing ours back as texts."""

    def as_texts(value):
        if isinstance(value, dict):
            return {key: as_texts(item) for key, item in value.items()}
        if isinstance(value, list):
            return [as_texts(item) for item in value]
        return str(value).lower() if isinstance(value, bool) else str(value)

    return as_texts(ours) == yaml.load(text, Loader=yaml.BaseLoader)


@given(st.dictionaries(texts.filter(lambda text: not check_text(text)), integers, max_size=5))
def test_json_with_texts_and_integers_is_yaml(value):
    written = json.dumps(value, ensure_ascii=False).replace("\\t", " ")

    with contextlib.suppress(DocumentError):
        assert parse_yaml(written.encode()).value == json.loads(written)


signatures = st.builds(EnvelopeSignature, key_id=texts, signature=st.binary(max_size=70))


@given(
    st.builds(
        Envelope,
        payload=st.binary(max_size=100),
        payload_type=texts,
        signatures=st.lists(signatures, max_size=4).map(tuple),
    )
)
def test_envelopes_are_read_back_as_written(envelope):
    assert parse_envelope_json(envelope_to_json(envelope)) == envelope


def verify(envelope):
    return verify_signatures(
        envelope,
        payload_type=PayloadType.CONTRACT,
        purpose=Purpose.CONTRACT,
        members=MEMBERS,
        now=NOW,
    )


@given(objects, st.data())
def test_a_changed_byte_anywhere_breaks_the_signature(value, data):
    signed = seal(canonical_json(value), PayloadType.CONTRACT, [UA.people])
    assert verify(signed) == {"ua.example"}

    at = data.draw(st.integers(0, len(signed.payload) - 1))
    change = data.draw(st.integers(1, 255))
    payload = bytearray(signed.payload)
    payload[at] ^= change
    with pytest.raises(TrustError):
        verify(replace(signed, payload=bytes(payload)))

    signature = bytearray(signed.signatures[0].signature)
    signature[at % 64] ^= change
    item = replace(signed.signatures[0], signature=bytes(signature))
    with pytest.raises(TrustError):
        verify(replace(signed, signatures=(item,)))


@given(st.binary(max_size=300))
def test_the_envelope_reader_never_breaks(data):
    with contextlib.suppress(SekishoError):
        parse_envelope_json(data)
