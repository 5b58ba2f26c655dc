"""`sekisho contract propose`, `sign` and the notices: what people sign and hand to their node.

People's keys are read here and nowhere else: the node gets signatures, never `keys/signing.pem`.
"""

import argparse
import json
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from sekisho.cli.contract_file_or_id import FileOrId, review_page
from sekisho.cli.floors import open_floors
from sekisho.cli.main import DONE, FAILED
from sekisho.cli.place import Place, confirm, is_interactive, misused, now, say
from sekisho.documents.contract import parse_contract
from sekisho.documents.envelope import PayloadType, seal
from sekisho.documents.envelope import sign as sign_payload
from sekisho.documents.models import document_error, locate
from sekisho.documents.notice import build_notice
from sekisho.documents.proposal import build_proposal
from sekisho.documents.yaml import parse_yaml
from sekisho.errors import DocumentError, Finding
from sekisho.model.lifecycle import termination_effective_at
from sekisho.model.names import ContractId, PartyId, short_id
from sekisho.model.notice_check import check_notice
from sekisho.model.notices import Notice, NoticeKind
from sekisho.model.signed import SignedContract
from sekisho.store.folder import load_file, load_secret
from sekisho.trust.keys import LocalSigner, load_signer

if TYPE_CHECKING:
    from sekisho.client.steward import Step

CONFIRMING_DIGITS = 32
"""So many digits of an id nobody writes by mistake."""
NONCE_BYTES = 16
_KINDS = {
    "reject": NoticeKind.REJECTION,
    "suspend": NoticeKind.SUSPENSION,
    "resume": NoticeKind.RESUMPTION,
    "terminate": NoticeKind.TERMINATION,
    "certify": NoticeKind.DELETION,
}
_CONFIRMED = frozenset({"sign", "reject", "terminate", "certify"})
"""What cannot be undone asks for a confirmed review or for the digits."""


def propose(options: argparse.Namespace) -> int:
    """Sign a contract and hand it to the node; print its id and nothing else."""
    place = Place.find(options)
    data = load_file(Path(options.file))
    authored = parse_contract(data, name=options.file)
    with open_floors(options) as floors:
        _refuse(floors.before_signing(authored), data, name=options.file)
    payload = build_proposal(
        authored,
        nonce_hex=token_hex(NONCE_BYTES),
        members=_fingerprints(place, [item.party for item in authored.contract.parties]),
    )
    envelope = seal(payload, PayloadType.CONTRACT, [_signer(place)])
    with place.steward() as steward:
        step = steward.propose(envelope)
    _tell(step)
    print(step.contract)
    return DONE


def step(options: argparse.Namespace) -> int:
    """Sign a contract, or say something about it, once the person means exactly this one."""
    place, at = Place.find(options), now()
    with place.records() as records:
        book = place.contracts(records)
        found = book.find(options.id, at, by_title=False)
        signed, stored = book.signed(found), records.contracts.get(found)
        if signed is None or stored is None:
            raise LookupError(found)
        if options.verb == "sign" and (below := place.guard(records).before_signing(signed, at)):
            raise DocumentError(below, name=f"contract {short_id(found)}")
    # Made before anybody is asked, so that a person confirms only what the contract lets them do.
    notice = None if options.verb == "sign" else _notice(options, signed, place=place, at=at)
    if options.verb in _CONFIRMED and len(_digits(options.id)) < CONFIRMING_DIGITS:
        code = _ask(options, signed)
        if code != DONE:
            return code
    signer = _signer(place)
    with place.steward() as steward:
        if notice is None:
            signature = sign_payload(stored.payload, PayloadType.CONTRACT, signer)
            done = steward.sign(found, signature)
        else:
            envelope = seal(build_notice(notice), PayloadType.NOTICE, [signer])
            done = steward.issue(found, envelope)
    return _report(options, done)


def _refuse(findings: tuple[Finding, ...], data: bytes, *, name: str) -> None:
    """Refuse what the node would refuse, while the lines of the file are at hand."""
    if findings:
        document = parse_yaml(data, name=name)
        raise document_error([locate(item, document) for item in findings], name=name)


def _fingerprints(place: Place, parties: list[PartyId]) -> dict[PartyId, str]:
    """Look up each party's first document; `build_proposal` names those that are unknown."""
    with place.records() as records:
        members = place.members(records)
        known = {party: members.first_fingerprint(party) for party in parties}
    return {party: first for party, first in known.items() if first is not None}


def _notice(
    options: argparse.Namespace, signed: SignedContract, *, place: Place, at: datetime
) -> Notice:
    kind = _KINDS[options.verb]
    for_breach = bool(getattr(options, "for_breach", False))
    # Notices are written to the millisecond.
    issued_at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    effective_at = issued_at
    if kind is NoticeKind.TERMINATION:
        effective_at = termination_effective_at(signed, issued_at, for_breach=for_breach)
    notice = Notice(
        kind=kind,
        contract=signed.id,
        party=place.party,
        reason=options.reason,
        issued_at=issued_at,
        effective_at=effective_at,
        for_breach=for_breach,
    )
    findings = check_notice(notice, signed)
    if findings:
        raise DocumentError(findings, name=options.verb)
    return notice


def _ask(options: argparse.Namespace, signed: SignedContract) -> int:
    """Show the review and have the person type the word; without a person, ask for the digits."""
    if not is_interactive():
        return misused(
            f"nobody is here to confirm the review of `{short_id(signed.id)}`",
            f"give at least {CONFIRMING_DIGITS} digits of the id, after reading"
            f" `sekisho contract review {short_id(signed.id)}`",
        )
    with FileOrId(options) as named:
        found = named.find(signed.id)
        say(review_page(found, named.amended_by(found), lang=options.lang))
    what = "certify deletion under" if options.verb == "certify" else options.verb
    if confirm(f"This would {what} the contract `{short_id(signed.id)}`."):
        return DONE
    say("nothing was done")
    return FAILED


def _report(options: argparse.Namespace, done: "Step") -> int:
    if options.format == "json":
        facts = {
            "id": done.contract,
            "state": done.state,
            "deliveries": [
                {"party": item.party, "acknowledged": item.is_acknowledged}
                for item in done.deliveries
            ],
        }
        print(json.dumps(facts, ensure_ascii=False, indent=1))
        return DONE
    print(done.state)
    _tell(done)
    return DONE


def _tell(done: "Step") -> None:
    """Say who knows and who does not yet."""
    for item in done.deliveries:
        if item.is_acknowledged:
            say(f"{item.party} has acknowledged")
        else:
            say(f"{item.party} does not know yet; the node goes on trying")


def _signer(place: Place) -> LocalSigner:
    return load_signer(load_secret(place.folder.key("signing")))


def _digits(text: str) -> str:
    return ContractId(text.removeprefix("sha256:"))
