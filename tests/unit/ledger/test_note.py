"""Signed notes and cosignatures: the published ones, ours, and what is not one."""

import json
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from sekisho.errors import DocumentError
from sekisho.ledger.checkpoint import parse_checkpoint
from sekisho.ledger.note import (
    Note,
    NoteKey,
    NoteSignature,
    SignatureType,
    cosign_note,
    cosigned_at,
    is_signed,
    note_text,
    parse_note,
    sign_note,
)
from sekisho.trust.keys import generate_signing_key, is_signature, load_signer

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "ledger" / "notes.json").read_text(encoding="utf-8")
)
TEXT = "ua.example/sekisho-ledger\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
SIGNER = load_signer(generate_signing_key())
PUBLIC = bytes.fromhex(SIGNER.public)
KEY = NoteKey(name="ua.example/sekisho-ledger", public=PUBLIC)
WITNESS = NoteKey(name="dl.example", public=PUBLIC, type=SignatureType.COSIGNATURE)


def holds_by(public: str):
    return lambda value, message: is_signature(value, message, public=public)


HOLDS = holds_by(SIGNER.public)


@pytest.mark.parametrize("vector", VECTORS["notes"])
def test_published_notes_hold(vector):
    name, key_id, public = vector["key"].split("+", 2)
    key = NoteKey(name=name, public=b64decode(public)[1:])
    assert key.key_id.hex() == key_id
    assert key.text == vector["key"]
    note = parse_note(vector["note"])
    assert note_text(note) == vector["note"]
    assert is_signed(note, key, holds_by(key.public.hex()))


def test_the_published_cosigned_checkpoint_is_read():
    note = parse_note(VECTORS["cosigned"])
    assert note_text(note) == VECTORS["cosigned"]
    assert parse_checkpoint(note.text).size == 20852163
    assert [item.name for item in note.signatures] == [
        "example.com/behind-the-sofa",
        "witness.example.com/w1",
    ]
    assert int.from_bytes(note.signatures[1].value[:8], "big") == 1679315147


def test_what_is_signed_and_cosigned_is_found_again():
    signatures = (
        sign_note(TEXT, KEY, SIGNER.sign),
        cosign_note(TEXT, WITNESS, SIGNER.sign, seconds=1_700_000_000),
        cosign_note(TEXT, WITNESS, SIGNER.sign, seconds=1_800_000_000),
    )
    note = parse_note(note_text(Note(text=TEXT, signatures=signatures)))
    assert note == Note(text=TEXT, signatures=signatures)
    assert is_signed(note, KEY, HOLDS)
    assert cosigned_at(note, WITNESS, HOLDS) == 1_800_000_000


def test_other_keys_lines_are_passed_over_whatever_they_say():
    stranger = NoteSignature(name=KEY.name, key_id=b"\0\0\0\0", value=bytes(64))
    namesake = NoteSignature(name="other.example", key_id=KEY.key_id, value=bytes(64))
    note = Note(text=TEXT, signatures=(stranger, namesake))
    assert not is_signed(note, KEY, HOLDS)
    assert cosigned_at(note, WITNESS, HOLDS) is None


@pytest.mark.parametrize("make", [
    lambda: sign_note(TEXT, KEY, lambda _: bytes(64)),
    lambda: sign_note(TEXT, KEY, lambda message: SIGNER.sign(message + b" ")),
    lambda: sign_note(TEXT, KEY, lambda message: SIGNER.sign(message)[:-1]),
])  # fmt: skip
def test_a_known_keys_signature_that_does_not_hold_condemns_the_note(make):
    with pytest.raises(DocumentError, match="does not fit"):
        is_signed(Note(text=TEXT, signatures=(make(),)), KEY, HOLDS)


def test_a_cosignature_is_of_its_moment_alone():
    line = cosign_note(TEXT, WITNESS, SIGNER.sign, seconds=5)
    moved = NoteSignature(
        name=line.name, key_id=line.key_id, value=(6).to_bytes(8, "big") + line.value[8:]
    )
    with pytest.raises(DocumentError, match="does not fit"):
        cosigned_at(Note(text=TEXT, signatures=(moved,)), WITNESS, HOLDS)
    far = NoteSignature(name=line.name, key_id=line.key_id, value=b"\xff" * 72)
    with pytest.raises(DocumentError, match="no time"):
        cosigned_at(Note(text=TEXT, signatures=(far,)), WITNESS, HOLDS)


def test_an_author_is_not_taken_for_a_witness():
    author = sign_note(TEXT, KEY, SIGNER.sign)
    disguised = NoteSignature(name=WITNESS.name, key_id=WITNESS.key_id, value=author.value)
    with pytest.raises(DocumentError, match="does not fit"):
        cosigned_at(Note(text=TEXT, signatures=(disguised,)), WITNESS, HOLDS)


LINE = f"— a {b64encode(bytes(68)).decode()}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text\n",
        "text\n\n",
        f"text\n{LINE}",
        f"\n\n{LINE}",
        f"text\n\n{LINE[:-1]}",
        f"text\r\n\n{LINE}",
        f"text\n\n- a {b64encode(bytes(68)).decode()}\n",
        "text\n\n— a b c\n",
        f"text\n\n— a+b {b64encode(bytes(68)).decode()}\n",
        "text\n\n— a AAA\n",
        "text\n\n— a AAAAAB==\n",
        "text\n\n— a AAAAAA==\n" + "\n",
        "text\n\n" + LINE * 65,
        "x" * 70_000 + f"\n\n{LINE}",
    ],
)
def test_what_is_no_note_is_refused(text):
    with pytest.raises(DocumentError):
        parse_note(text)


def test_a_text_may_hold_empty_lines():
    note = parse_note(f"one\n\ntwo\n\n{LINE}")
    assert note.text == "one\n\ntwo\n"
