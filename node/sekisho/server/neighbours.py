"""Connections to other companies' nodes, one each, renewed when a member document changes."""

import threading

from sekisho.client.peer import Peer
from sekisho.errors import TrustError
from sekisho.model.names import PartyId
from sekisho.server.parts import Parts


class Neighbours:
    """Opens a channel to each party when it is first needed; safe from any thread."""

    def __init__(self, parts: Parts) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._lock = threading.Lock()
        self._open: dict[PartyId, tuple[str, Peer]] = {}

    def peer(self, party: PartyId) -> Peer:
        """Give the connection to a party's node.

        Raises:
            TrustError: The party is not a member here.
        """
        trusted = self._parts.members.current(party)
        if trusted is None:
            msg = f"`{party}` is not a member at this node"
            hint = (
                f"get its member.json and its fingerprint, then `sekisho member add` for `{party}`"
            )
            raise TrustError(msg, step="member", hint=hint)
        with self._lock:
            known = self._open.get(party)
            if known is not None and known[0] == trusted.fingerprint:
                return known[1]
            peer = Peer(
                party,
                address=trusted.member.endpoints[0],
                anchor=trusted.member.tls_anchor.encode(),
                credentials=self._parts.keys.tls,
            )
            self._open[party] = (trusted.fingerprint, peer)
        if known is not None:
            known[1].close()
        return peer

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            peers, self._open = [peer for _, peer in self._open.values()], {}
        for peer in peers:
            peer.close()
