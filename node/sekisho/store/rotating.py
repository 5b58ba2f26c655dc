"""Gives a node new keys and the next version of its member document, and tells the other companies.

Everything is made in `keys/next` first, which appears whole. Then the state records the document
and queues it for every member, and the files take the places of the old ones. A fall in between
loses nothing: the node does not start before the same command has finished what it began.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sekisho.documents.canonical import Plain, canonical_json, parse_canonical
from sekisho.documents.envelope import (
    Envelope,
    PayloadType,
    envelope_to_json,
    parse_envelope_json,
    seal,
)
from sekisho.documents.models import parse_value
from sekisho.errors import NodeError
from sekisho.model.instants import instant_text
from sekisho.model.member import NODE_PURPOSES, PEOPLE_PURPOSES, Member
from sekisho.model.names import PartyId
from sekisho.store.folder import (
    PRIVATE_FOLDER_MODE,
    NodeFolder,
    load_file,
    load_secret,
    save_file,
    save_secret,
    sync_folder,
)
from sekisho.store.founding import (
    CLOCK_ALLOWANCE,
    MEMBER_LIFETIME,
    issue_leaf,
    listed_key,
)
from sekisho.store.members import StoredMember
from sekisho.store.state import State
from sekisho.store.transaction import Transaction
from sekisho.trust.keyring import Members
from sekisho.trust.keys import LocalSigner, generate_signing_key, generate_tls_key, load_signer
from sekisho.trust.members import verify_member

DELIVERED: Final = "member"
"""The kind of delivery that carries a member document."""
_MEMBER: Final = "member.json"
_LEAF: Final = "tls.crt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """The document that is the node's own now."""

    party: PartyId
    version: int
    fingerprint: str


def is_rotating(folder: NodeFolder) -> bool:
    """Tell whether new keys were made that are not in their places yet."""
    return _next(folder).is_dir()


def check_rotated(folder: NodeFolder) -> None:
    """Refuse to go on with old keys where new ones were made.

    Raises:
        NodeError: A rotation fell before its end.
    """
    if is_rotating(folder):
        raise NodeError(
            "new keys were made and have not taken their places",
            hint="run `sekisho member rotate` again: it finishes what it began",
        )


def keys_to_revoke(known: Members, party: PartyId, *, with_signing: bool) -> frozenset[str]:
    """List a company's keys that are not revoked, in hex: those of now and of every version before.

    Who rotated in haste after a theft has the stolen key behind them already.

    Args:
        known: The members that the node knows, the company among them.
        party: The company.
        with_signing: Whether the keys with which people sign are among them.
    """
    listed = [key for version in known.by_party.get(party, ()) for key in version.member.keys]
    return frozenset(
        key.public
        for key in listed
        if not known.is_revoked(key.public)
        and (with_signing or PEOPLE_PURPOSES.isdisjoint(key.purposes))
    )


def make_keys(
    folder: NodeFolder,
    known: Members,
    *,
    addresses: tuple[str, ...],
    with_signing: bool,
    revoked: frozenset[str],
    now: datetime,
) -> None:
    """Make new keys, a certificate and the next member document, beside the old ones.

    Args:
        folder: The node's, which is stopped.
        known: The members that the node knows, itself among them.
        addresses: Under which it can be reached, for the certificate.
        with_signing: Whether people's signing key is renewed as well.
        revoked: Keys, in hex, on whose word nobody shall do anything any more.
        now: From when they hold.

    Raises:
        NodeError: A key cannot be read, or the new ones not be written.
        TrustError: The old document cannot be followed by one of this node's keys.
    """
    old = parse_envelope_json(load_file(folder.member), name=str(folder.member))
    signing_pem = load_secret(folder.key("signing"))
    secrets = {"request": generate_signing_key(), "tls": generate_tls_key()}
    if with_signing:
        secrets["signing"] = generate_signing_key()
    signing = load_signer(secrets.get("signing", signing_pem))
    request = load_signer(secrets["request"])
    signers = {item.key_id: item for item in (load_signer(signing_pem), signing, request)}
    envelope = _document(
        old, signing, request, signers=tuple(signers.values()), revoked=revoked, now=now
    )
    verify_member(envelope, known=known, now=now)
    leaf = issue_leaf(
        _read(old).party_id,
        key=secrets["tls"],
        anchor=load_file(folder.certificate("anchor")),
        anchor_key=load_secret(folder.key("anchor")),
        addresses=addresses,
        now=now,
    )
    files = {_LEAF: leaf, _MEMBER: envelope_to_json(envelope) + b"\n"}
    _write(folder, {f"{name}.pem": data for name, data in secrets.items()}, files)


def record(folder: NodeFolder, state: State, *, now: datetime) -> Rotated:
    """Record the next document as the node's own, and queue it for every member.

    Args:
        folder: The node's, with keys that `make_keys` made.
        state: The node's.
        now: When.

    Raises:
        NodeError: Another process serves the node, with the old keys.
    """
    envelopes = [
        parse_envelope_json(load_file(path), name=str(path))
        for path in (folder.member, _next(folder) / _MEMBER)
    ]
    members = [_read(envelope) for envelope in envelopes]
    new, envelope = members[-1], envelopes[-1]
    known = state.members.current(new.party_id)
    others = {item.party for item in state.members.all()} - {new.party_id}

    def work(tx: Transaction) -> None:
        # Here, since no replica gets past its start while this transaction runs.
        state.check_alone(tx)
        for member, document in zip(members, envelopes, strict=True):
            if known is not None and known.version >= member.version:
                continue
            stored = StoredMember(
                party=member.party_id,
                version=member.version,
                fingerprint=document.digest,
                envelope=envelope_to_json(document),
                alias="",
            )
            state.members.add(tx, stored, keys=member.public_keys, now=now)
        for party in sorted(others):
            state.outbox.put(tx, party, kind=DELIVERED, document=envelope.digest, now=now)

    state.submit(work)
    return Rotated(party=new.party_id, version=new.version, fingerprint=envelope.digest)


def record_own(state: State, envelope: Envelope, *, now: datetime) -> None:
    """Record a node's own later document where the state was put back from before it.

    The ledger must say from where on this node knew what the document revokes.
    """
    member = _read(envelope)
    known = state.members.current(member.party_id)
    if member.version == 1 or (known is not None and known.version >= member.version):
        return
    stored = StoredMember(
        party=member.party_id,
        version=member.version,
        fingerprint=envelope.digest,
        envelope=envelope_to_json(envelope),
        alias="",
    )
    state.submit(lambda tx: state.members.add(tx, stored, keys=member.public_keys, now=now))


def put_in_place(folder: NodeFolder) -> None:
    """Let the new files take the places of the old ones, which are gone then.

    Raises:
        NodeError: One cannot be written; run again, it goes on.
    """
    new = _next(folder)
    for path in sorted(new.glob("*.pem")):
        save_secret(folder.key(path.stem), load_secret(path))
    save_file(folder.certificate("tls"), load_file(new / _LEAF))
    save_file(folder.member, load_file(new / _MEMBER))
    # Renamed first: a half-deleted folder must not look like keys that wait.
    done = new.with_name("done")
    shutil.rmtree(done, ignore_errors=True)
    new.replace(done)
    shutil.rmtree(done)


def _next(folder: NodeFolder) -> Path:
    return folder.key("signing").parent / "next"


def _write(folder: NodeFolder, secrets: Mapping[str, bytes], files: Mapping[str, bytes]) -> None:
    """Write a folder beside, and give it its name when it is whole."""
    beside = _next(folder).with_name("making")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(mode=PRIVATE_FOLDER_MODE)
        for name, data in secrets.items():
            save_secret(beside / name, data)
        for name, data in files.items():
            save_file(beside / name, data)
        beside.replace(_next(folder))
        # The state must not name keys that a loss of power takes back.
        sync_folder(beside.parent)
    except OSError as error:
        raise NodeError(f"`{beside}` cannot be written: {error.strerror}") from error


def _document(
    old: Envelope,
    signing: LocalSigner,
    request: LocalSigner,
    *,
    signers: tuple[LocalSigner, ...],
    revoked: frozenset[str],
    now: datetime,
) -> Envelope:
    """Write the version after a document, signed by the key before and by every key after."""
    value = parse_canonical(old.payload, name="member")
    if not isinstance(value, dict):
        raise NodeError("member.json is not a member document", hint="restore it from a backup")
    member = _read(old)
    document: dict[str, Plain] = {
        **value,
        "version": member.version + 1,
        "first": member.first or old.digest,
        "valid": {
            "from": instant_text(now - CLOCK_ALLOWANCE),
            "until": instant_text(now + MEMBER_LIFETIME),
        },
        "keys": [listed_key(signing, PEOPLE_PURPOSES), listed_key(request, NODE_PURPOSES)],
    }
    if taken := revoked.union(member.revoked):
        document["revoked"] = sorted(taken)
    return seal(canonical_json(document), PayloadType.MEMBER, signers)


def _read(envelope: Envelope) -> Member:
    return parse_value(parse_canonical(envelope.payload, name="member"), Member, name="member")
