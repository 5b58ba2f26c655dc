"""Founds a node: makes its keys, certificates, member document, settings and state in a folder.

Everything is made in memory first and written last, node.yaml at the very end: a folder with a
node.yaml is a whole node. A folder that holds any part of a node is left as it is.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sekisho.config import parse_config
from sekisho.documents.canonical import Plain, canonical_json
from sekisho.documents.envelope import Envelope, PayloadType, envelope_to_json, seal
from sekisho.errors import NodeError
from sekisho.model.instants import instant_text
from sekisho.model.member import MEMBER_FORMAT, NODE_PURPOSES, PEOPLE_PURPOSES, Purpose
from sekisho.model.names import PartyId
from sekisho.store.addresses import host_of, is_wildcard, settle_ports
from sekisho.store.folder import NodeFolder, save_file, save_secret
from sekisho.store.settings import settings_text
from sekisho.store.state import open_state
from sekisho.trust.issue import generate_serial, make_anchor, make_leaf
from sekisho.trust.keyring import Members, TrustedMember
from sekisho.trust.keys import (
    LocalSigner,
    agreement_public,
    generate_agreement_key,
    generate_signing_key,
    generate_tls_key,
    load_signer,
)
from sekisho.trust.members import verify_member

DEFAULT_PEERS: Final = "0.0.0.0:7443"
DEFAULT_USERS: Final = "127.0.0.1:7444"
MEMBER_LIFETIME: Final = timedelta(days=3 * 365)
"""Until the company has to make a new version of its member document."""
CLOCK_ALLOWANCE: Final = timedelta(minutes=5)
"""The document holds a little before it is made, for companies whose clocks are behind."""
TOKEN_BYTES: Final = 32
OPERATOR: Final = "operator"
"""The first user; the token has every role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundedNode:
    """A node that was just made."""

    folder: NodeFolder
    member: TrustedMember
    peers: str
    users: str
    advertise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """Private keys in PEM, by the names of their files."""

    signing: bytes
    request: bytes
    anchor: bytes
    tls: bytes
    agreement: bytes


def found_node(
    root: Path,
    party: PartyId,
    *,
    now: datetime,
    alias: str = "",
    peers: str = DEFAULT_PEERS,
    users: str = DEFAULT_USERS,
    country: str = "",
    random: Callable[[int], bytes] = os.urandom,
) -> FoundedNode:
    """Make a new node.

    Args:
        root: Its folder; made when it is not there, and it may hold other files.
        party: The company's lower-case host name.
        now: From when keys and documents hold.
        alias: How the company likes to be called in contracts that it writes.
        peers: `HOST:PORT` of the peers' face; a free port is chosen and written down for port 0.
        users: The same for the users' face.
        country: ISO 3166, two capitals; declared to other companies.
        random: Gives the operator's token.

    Raises:
        NodeError: There is a node already, or the folder cannot be written.
        DocumentError: A name or address cannot be used.
    """
    folder = NodeFolder(root)
    _check_empty(folder)
    peers, users = settle_ports(peers, users)
    advertise = _advertised(party, peers)
    settings = settings_text(
        party, alias=alias, peers=peers, users=users, advertise=advertise
    ).encode()
    parse_config(settings)
    keys = _generate()
    anchor = make_anchor(party, key_pem=keys.anchor, serial=generate_serial(), now=now)
    envelope = _member(party, keys, anchor=anchor, advertise=advertise, country=country, now=now)
    trusted = verify_member(envelope, known=Members(), now=now)
    files = {
        folder.certificate("anchor"): anchor,
        folder.certificate("tls"): issue_leaf(
            party,
            key=keys.tls,
            anchor=anchor,
            anchor_key=keys.anchor,
            addresses=(peers, users, advertise),
            now=now,
        ),
        folder.member: envelope_to_json(envelope) + b"\n",
        folder.config: settings,
    }
    _write(folder, keys, files, token=random(TOKEN_BYTES).hex().encode() + b"\n", now=now)
    return FoundedNode(folder=folder, member=trusted, peers=peers, users=users, advertise=advertise)


def _check_empty(folder: NodeFolder) -> None:
    parts = (folder.config, folder.member, folder.key("signing"), folder.state_file())
    for part in parts:
        if part.exists():
            raise NodeError(
                f"there is a node here already: `{part}`",
                hint="choose another folder with --dir; a node's keys are never overwritten",
            )


def _advertised(party: PartyId, peers: str) -> str:
    """Tell other companies the host that was given, or the party's own name."""
    host, _, port = peers.rpartition(":")
    return f"{party}:{port}" if is_wildcard(host_of(peers)) else f"{host.lower()}:{port}"


def _generate() -> _Keys:
    return _Keys(
        signing=generate_signing_key(),
        request=generate_signing_key(),
        anchor=generate_tls_key(),
        tls=generate_tls_key(),
        agreement=generate_agreement_key(),
    )


def issue_leaf(
    party: PartyId,
    *,
    key: bytes,
    anchor: bytes,
    anchor_key: bytes,
    addresses: tuple[str, ...],
    now: datetime,
) -> bytes:
    """Issue a node's certificate for every name under which it can be reached; all in PEM."""
    named = [host for host in map(host_of, addresses) if not is_wildcard(host)]
    return make_leaf(
        party,
        key_pem=key,
        anchor_pem=anchor,
        anchor_key_pem=anchor_key,
        serial=generate_serial(),
        now=now,
        hosts=tuple(dict.fromkeys(("localhost", "127.0.0.1", "::1", *named))),
    )


def _member(
    party: PartyId, keys: _Keys, *, anchor: bytes, advertise: str, country: str, now: datetime
) -> Envelope:
    """Write version 1 of the member document and sign it with every key that it names."""
    signers = (load_signer(keys.signing), load_signer(keys.request))
    document: dict[str, Plain] = {
        "format": MEMBER_FORMAT,
        "party": party,
        "version": 1,
        "valid": {
            "from": instant_text(now - CLOCK_ALLOWANCE),
            "until": instant_text(now + MEMBER_LIFETIME),
        },
        "endpoints": [advertise],
        "keys": [
            listed_key(signers[0], PEOPLE_PURPOSES),
            listed_key(signers[1], NODE_PURPOSES),
        ],
        "tls_anchor": anchor.decode(),
        "agreement": agreement_public(keys.agreement),
    }
    if country:
        document["country"] = country
    return seal(canonical_json(document), PayloadType.MEMBER, signers)


def listed_key(signer: LocalSigner, purposes: frozenset[Purpose]) -> dict[str, Plain]:
    """Say of a key what a member document says."""
    return {
        "public": signer.public,
        "purposes": [item.value for item in Purpose if item in purposes],
    }


def _write(
    folder: NodeFolder, keys: _Keys, files: Mapping[Path, bytes], *, token: bytes, now: datetime
) -> None:
    """Write secrets, then what is public, then an empty state; node.yaml makes it a node."""
    secrets = {folder.key(name): getattr(keys, name) for name in _Keys.__slots__}
    secrets[folder.token(OPERATOR)] = token
    folder.create()
    written: list[Path] = []
    try:
        for path, data in secrets.items():
            save_secret(path, data)
            written.append(path)
        open_state(folder.state_file(), now=now, founding=True).close()
        for path, data in files.items():
            save_file(path, data)
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        folder.state_file().unlink(missing_ok=True)
        raise
