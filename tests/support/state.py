"""A state file, a contract with limits, and requests under it, for tests of what must last."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from sekisho.documents.contract import parse_contract
from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.documents.proposal import build_proposal, parse_proposal
from sekisho.ledger.bodies import Asked, Refused, RequestEvidence
from sekisho.ledger.entry import Channel
from sekisho.ledger.receipt import Decision
from sekisho.ledger.witnessing import SignedCheckpoint, sign_checkpoint
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.model.names import ContractId, PartyId
from sekisho.model.signed import SignedContract
from sekisho.store.contracts import NewContract
from sekisho.store.requests import ReceivedRequest
from sekisho.store.state import State, open_state
from sekisho.trust.keys import generate_signing_key, load_signer

NOW = datetime(2026, 12, 1, 5, 0, 0, 123_000, tzinfo=UTC)
PROVIDER = PartyId("ua.example")
CONSUMER = PartyId("maker.example")
CONTRACT = ContractId("sha256:" + "ab" * 32)
CHANNEL = Channel(provider=PROVIDER, consumer=CONSUMER, contract=CONTRACT)
DECISION = Decision(grant="delays", clauses=("grants.delays.columns.origin",))
PLAN = "sha256:" + "ef" * 32

_CONTRACT = """
format: sekisho.contract/v1
title: Departure delays
parties:
  - {{party: ua.example, role: provider, alias: ua, legal_name: UA Air Lines}}
  - {{party: maker.example, role: consumer, alias: maker, legal_name: Maker Aircraft}}
  - {{party: maker-europe.example, role: consumer, alias: europe, legal_name: Maker Europe}}
purposes:
  - {{purpose: reliability, means: "Delay statistics by aircraft model."}}
term: {{starts: 2026-12-01, ends: 2027-11-30, timezone: {zone}}}
grants:
  - grant: delays
    datasets: [ua.example/flights]
    access: rows
    columns: {{origin: {{}}}}
limits: {limits}
obligations: {{onward_transfer: {{allowed: listed, affiliates: [{affiliates}]}}}}
"""


def fixed_random(count: int) -> bytes:
    """Give the same salts in every run."""
    return sha256(b"salt").digest() * (count // 32)


def opened(path: Path, *, now: datetime = NOW, limits: Limits = DEFAULT_LIMITS) -> State:
    """Open a state file at a fixed instant, or make it."""
    return open_state(path, now=now, limits=limits, founding=True)


def signed_contract(
    limits: str = "{}", *, zone: str = "Asia/Tokyo", affiliates: str = "maker-europe.example"
) -> SignedContract:
    """Agree on a contract with some limits, as YAML."""
    return parse_proposal(proposal(limits, zone=zone, affiliates=affiliates))


def proposal(
    limits: str = "{}", *, zone: str = "Asia/Tokyo", affiliates: str = "maker-europe.example"
) -> bytes:
    """Propose the same."""
    text = _CONTRACT.format(limits=limits, zone=zone, affiliates=affiliates)
    authored = parse_contract(text.encode(), name="delays.contract.yaml")
    parties = [term.party for term in authored.contract.parties]
    members = {party: "sha256:" + sha256(party.encode()).hexdigest() for party in parties}
    return build_proposal(authored, nonce_hex="0f" * 16, members=members)


def held(state: State, limits: str = "{}", *, zone: str = "Asia/Tokyo") -> SignedContract:
    """Have a state hold a contract, as one that was proposed."""
    payload = proposal(limits, zone=zone)
    signed = parse_proposal(payload)
    amends = signed.contract.amends
    new = NewContract(
        id=signed.id,
        title=signed.contract.title,
        envelope=Envelope(payload=payload, payload_type=PayloadType.CONTRACT, signatures=()),
        amends=amends.contract if amends else None,
        by=PROVIDER,
    )
    state.submit(lambda tx: state.contracts.add(tx, new, now=NOW))
    return signed


def received(number: int = 0, *, signed: SignedContract | None = None) -> ReceivedRequest:
    """Receive a request that no other number has."""
    nonce = f"{number:032x}"
    contract = signed.id if signed else CONTRACT
    return ReceivedRequest(
        digest="sha256:" + sha256(nonce.encode()).hexdigest(),
        nonce=nonce,
        channel=Channel(provider=PROVIDER, consumer=CONSUMER, contract=contract),
        purpose="reliability",
        sql="SELECT origin FROM ua.flights",
        evidence=RequestEvidence.SIGNED,
        envelope=b"{}",
    )


def refused(number: int = 0) -> Refused:
    """Refuse a query that no other number has."""
    return Refused(
        request="sha256:" + "cd" * 32,
        nonce=f"{number:032x}",
        purpose="reliability",
        sql=f"SELECT tail_number FROM ua.flights LIMIT {number}",
        evidence=RequestEvidence.SIGNED,
        reason="COLUMN_NOT_GRANTED",
        clause="grants.delays.columns",
    )


def asked(number: int = 0) -> Asked:
    """Ask a query that no other number has."""
    return Asked(
        request="sha256:" + "cd" * 32,
        nonce=f"{number:032x}",
        purpose="reliability",
        sql="SELECT origin FROM ua.flights",
        person="aiko",
    )


def append_many(state: State, count: int) -> None:
    """Append refusals, one commit each."""
    for number in range(count):
        state.submit(
            lambda tx, n=number: state.ledger.append(tx, refused(n), channel=CHANNEL, now=NOW)
        )


def later_checkpoint(state: State, party: PartyId) -> SignedCheckpoint:
    """Sign a checkpoint of more entries than a ledger has, as if it had been put back."""
    tree = state.ledger.head()
    for number in range(9):
        tree = tree.append(sha256(str(number).encode()).digest())
    signer = load_signer(generate_signing_key())
    return sign_checkpoint(tree, party=party, epoch=state.standing.epoch(), signer=signer)
