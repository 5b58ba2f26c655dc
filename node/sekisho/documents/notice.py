"""The signed form of a notice: what a party says about a contract, as bytes and back."""

from typing import Annotated, Literal

from sekisho.documents.canonical import canonical_json, parse_canonical
from sekisho.documents.models import document_error, parse_value
from sekisho.errors import Finding
from sekisho.model.instants import exact_text
from sekisho.model.notices import Notice, NoticeKind
from sekisho.model.terms import DocumentModel, LongText, evidenced
from sekisho.model.terms_values import Exact, Id, Party

NOTICE_FORMAT = "sekisho.notice/v1"


class NoticeDocument(DocumentModel):
    """A notice as it is signed; every field is written, always."""

    format: Annotated[Literal["sekisho.notice/v1"], evidenced("Format", "形式")]
    kind: Annotated[NoticeKind, evidenced("What the notice does", "通知の種類")]
    contract: Annotated[Id, evidenced("Contract", "対象の契約")]
    party: Annotated[Party, evidenced("Who says so", "通知者")]
    reason: Annotated[LongText, evidenced("Reason", "理由")]
    for_breach: Annotated[bool, evidenced("Rests on a breach", "契約違反を理由とするか")]
    issued_at: Annotated[Exact, evidenced("Issued at", "発出日時")]
    effective_at: Annotated[Exact, evidenced("Takes effect at", "効力発生日時")]


def build_notice(notice: Notice) -> bytes:
    """Write the payload that the party's `notice` key signs."""
    return canonical_json(
        {
            "format": NOTICE_FORMAT,
            "kind": notice.kind.value,
            "contract": notice.contract,
            "party": notice.party,
            "reason": notice.reason,
            "for_breach": notice.for_breach,
            "issued_at": exact_text(notice.issued_at),
            "effective_at": exact_text(notice.effective_at),
        }
    )


def parse_notice(payload: bytes) -> Notice:
    """Read a notice from the bytes that were signed.

    Whether its contract lets its party say this is for `model.notice_check.check_notice`.

    Raises:
        DocumentError: When the bytes are not canonical or not a notice.
    """
    document = parse_value(parse_canonical(payload), NoticeDocument, name="notice")
    findings = tuple(_check(document))
    if findings:
        raise document_error(findings, name="notice")
    return Notice(
        kind=document.kind,
        contract=document.contract,
        party=document.party,
        reason=document.reason,
        for_breach=document.for_breach,
        issued_at=document.issued_at,
        effective_at=document.effective_at,
    )


def _check(document: NoticeDocument) -> list[Finding]:
    findings = []
    is_termination = document.kind is NoticeKind.TERMINATION
    if document.for_breach and not is_termination:
        findings.append(
            Finding(path="for_breach", message="only a termination can rest on a breach")
        )
    if document.effective_at < document.issued_at:
        findings.append(
            Finding(path="effective_at", message="a notice cannot take effect before it is issued")
        )
    if document.effective_at > document.issued_at and not is_termination:
        findings.append(
            Finding(path="effective_at", message=f"a {document.kind} takes effect at once")
        )
    return findings
