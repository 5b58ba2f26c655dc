"""Who is at the other end of a call: a party on the peers' face, a person on the users' face."""

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import grpc

from sekisho.errors import NodeError, TrustError
from sekisho.model.names import PartyId
from sekisho.server.parts import Parts
from sekisho.store.folder import load_secret
from sekisho.trust.certificates import verify_peer_certificate
from sekisho.trust.keyring import Members

TLS_VERSION = b"TLSv1.3"
REMEMBERED = timedelta(seconds=10)
"""How long a verified certificate is not verified again; its dates may end meanwhile."""
MAX_REMEMBERED = 1_000
_BEARER = "Bearer "
_BASIC = "Basic "


class PeerCallers:
    """Says which party has called, at every call."""

    def __init__(self, parts: Parts) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._lock = Lock()
        self._known: OrderedDict[bytes, tuple[Members, datetime, PartyId]] = OrderedDict()

    def __call__(self, context: grpc.ServicerContext) -> PartyId:
        """Give the party whose own anchor issued the certificate of this connection.

        Raises:
            TrustError: It is none, or the connection is not TLS 1.3.
        """
        facts = context.auth_context()
        if _values(facts, "ssl_tls_version") != [TLS_VERSION]:
            raise TrustError("the connection is not TLS 1.3", step="tls.version")
        leaves = _values(facts, "x509_pem_cert")
        if len(leaves) != 1:
            raise TrustError("the connection shows no certificate", step="tls.certificate")
        return self._party_of(leaves[0])

    def _party_of(self, leaf: bytes) -> PartyId:
        now, members = self._parts.now(), self._parts.members()
        with self._lock:
            known = self._known.get(leaf)
        if known is not None and known[0] is members and now - known[1] < REMEMBERED:
            return known[2]
        party = verify_peer_certificate(leaf, members=members, now=now)
        with self._lock:
            self._known[leaf] = (members, now, party)
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return party


def _values(facts: Mapping[str, Any], name: str) -> list[bytes]:
    """Read one fact of a connection; the stubs call its values something else than they are."""
    return list(facts.get(name, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One of the company's own people or tools."""

    name: str


class UserCallers:
    """Says which of the company's own users has called, by token."""

    def __init__(self, folder: Path) -> None:
        """Read the tokens' digests; a token itself is not kept."""
        self._digests = {
            _digest(load_secret(path).strip()): User(name=path.name)
            for path in sorted(folder.iterdir())
            if path.is_file() and not path.name.startswith(".")
        }
        if not self._digests:
            msg = f"`{folder}` holds no token"
            raise NodeError(msg, hint="restore `tokens/operator` from a backup")

    def __call__(self, context: grpc.ServicerContext) -> User:
        """Give the user whose token the call bears.

        Raises:
            TrustError: There is none, or it is nobody's.
        """
        token = token_of(context)
        if token:
            given = _digest(token.encode())
            for digest, user in self._digests.items():
                if hmac.compare_digest(digest, given):
                    return user
        msg = "the token is missing or is nobody's"
        raise TrustError(msg, step="token", hint="send `authorization: Bearer TOKEN`")


def token_of(context: grpc.ServicerContext) -> str:
    """Give the token that a call bears, by itself or as the password of a name; empty without one.

    The name beside a password says nothing: whose token it is, is known here.
    """
    headers = dict(context.invocation_metadata() or ())
    value = headers.get("authorization", "")
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if text.startswith(_BEARER):
        return text.removeprefix(_BEARER).strip()
    if text.startswith(_BASIC):
        try:
            pair = base64.b64decode(text.removeprefix(_BASIC).strip(), validate=True)
            return pair.decode("ascii").partition(":")[2].strip()
        except ValueError:
            return ""
    return ""


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
