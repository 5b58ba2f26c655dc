"""The parties of a contract, made up for a rehearsal: founded, known to each other, and signed.

Their keys are as real as any, and good for nothing else: they live in a folder that goes away.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sekisho.documents.contract import AuthoredContract, contract_from_value
from sekisho.documents.envelope import PayloadType, parse_envelope_json, seal
from sekisho.documents.proposal import build_proposal, parse_proposal, unsigned_proposal
from sekisho.store.folder import load_file, load_secret
from sekisho.store.founding import found_node
from sekisho.trust.keys import load_signer

_ADDRESS = "127.0.0.1:7443"
"""Stands in the throw-away documents; nobody listens there."""
_NONCE = "0" * 32
_BEFORE = timedelta(hours=1)
"""Everybody signs so long before the term begins, and before signing is over."""


class Stage:
    """A contract that throw-away parties have signed, for any number of rehearsals."""

    def __init__(self, authored: AuthoredContract, root: Path) -> None:
        """Found every party of a contract and have it sign.

        Args:
            authored: The contract, as its authors wrote it.
            root: An empty folder for keys and state; whoever made it removes it.
        """
        self.root = root
        terms = _standing_alone(authored)
        parties = [item.party for item in authored.contract.parties]
        instants = unsigned_proposal(terms)
        self.signed_at = min(instants.starts_at, instants.sign_by_at) - _BEFORE
        """When all parties have signed."""
        self.folders = {
            party: found_node(
                root / f"party-{at}", party, now=self.signed_at, peers=_ADDRESS, users=_ADDRESS
            ).folder
            for at, party in enumerate(parties)
        }
        self.members = {
            party: parse_envelope_json(load_file(folder.member))
            for party, folder in self.folders.items()
        }
        fingerprints = {party: member.digest for party, member in self.members.items()}
        payload = build_proposal(terms, nonce_hex=_NONCE, members=fingerprints)
        self.signed = parse_proposal(payload)
        """The contract, which is in force from the first day of its term."""
        keys = [load_signer(load_secret(item.key("signing"))) for item in self.folders.values()]
        self.envelope = seal(payload, PayloadType.CONTRACT, keys)


def _standing_alone(authored: AuthoredContract) -> AuthoredContract:
    """Leave out what a contract amends: its terms are tried by themselves."""
    if authored.contract.amends is None:
        return authored
    value = {name: item for name, item in authored.value.items() if name != "amends"}
    return replace(authored, contract=contract_from_value(value), value=value)
