"""What `doctor` and `dataset check` look at, one function a matter, each with its mend."""

import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sekisho.cli.checkup_floors import check_classes, check_guardrails
from sekisho.cli.checkup_ledger import check_ledgers
from sekisho.cli.matter import Finding
from sekisho.cli.place import Place, now
from sekisho.errors import NodeError, SekishoError
from sekisho.ledger.instants import parse_moment
from sekisho.model.dataset import Dataset, check_contract_against
from sekisho.model.lifecycle import ContractState
from sekisho.model.member import NODE_PURPOSES, PEOPLE_PURPOSES, Purpose
from sekisho.model.names import DatasetId, join_dataset, short_id
from sekisho.store.addresses import host_of, is_free, port_of
from sekisho.store.folder import KEY_NAMES, STATE_SCHEME, load_file
from sekisho.trust.anchors import is_issued_by, load_certificate
from sekisho.trust.certificates import verify_peer_certificate
from sekisho.trust.keyring import Members, TrustedMember
from sekisho.trust.keys import agreement_public, load_signer, load_tls_key
from sekisho.trust.members import verify_member

if TYPE_CHECKING:
    from sekisho.server.datasets import Datasets

RENEW_BEFORE = timedelta(days=30)
"""What ends sooner wants an operator now."""
LEAST_FREE_BYTES = 1_000_000_000
"""Of the disk that holds the state; an answer is refused when its entry cannot be written."""
REACH_SECONDS = 3.0
_SERVED = (ContractState.SIGNED, ContractState.IN_FORCE, ContractState.SUSPENDED)


def check_node(place: Place, *, reach: bool = False) -> Iterator[Finding]:
    """Look at everything; what cannot be looked at is a finding too.

    Args:
        place: The node's folder.
        reach: Whether to knock at the other companies' nodes.
    """
    at = now()
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("folder", lambda: _folder(place)),
        ("keys", lambda: _keys(place)),
        ("certificates", lambda: _certificates(place, at)),
        ("state", lambda: _state(place, at)),
        ("ledger", lambda: check_ledgers(place, at)),
        ("ports", lambda: _ports(place)),
        ("engine", lambda: _engine(place)),
        ("datasets", lambda: check_datasets(place)),
        ("guardrails", lambda: check_guardrails(place, at)),
        *([("members", lambda: _members(place))] if reach else []),
    ]
    for matter, check in checks:
        try:
            yield from check()
        except SekishoError as error:
            yield Finding(state="fail", matter=matter, message=error.message, hint=error.hint)


def check_datasets(place: Place) -> Iterator[Finding]:
    """Read each dataset's columns, and hold them to node.yaml and to the contracts."""
    from sekisho.cli.engines import open_datasets

    if not place.config.datasets:
        yield Finding(state="ok", matter="datasets", message="none is offered")
        return
    known: dict[DatasetId, Dataset] = {}
    with open_datasets(place) as datasets:
        for name in datasets.names:
            yield from _dataset(place, name, datasets=datasets, known=known)
    yield from check_classes(place, known.values())
    yield from _contracts(place, known)


def _dataset(
    place: Place, name: str, *, datasets: "Datasets", known: dict[DatasetId, Dataset]
) -> Iterator[Finding]:
    matter = f"dataset {name}"
    config = place.config.datasets[name]
    try:
        found = datasets.get(name)
    except SekishoError as error:
        yield Finding(state="fail", matter=matter, message=error.message, hint=error.hint)
        return
    known[found.id] = found
    missing = [
        f"`{item}` stands in `{field}`"
        for field, names in (("privacy_units", config.privacy_units), ("columns", config.columns))
        for item in names
        if found.column(item) is None
    ]
    for item in missing:
        hint = f"its columns are {', '.join(column.name for column in found.columns)}"
        message = f"{item} of node.yaml, and the file has no such column"
        yield Finding(state="fail", matter=matter, message=message, hint=hint)
    if not missing:
        yield Finding(
            state="ok",
            matter=matter,
            message=f"{len(found.columns)} columns in {config.source.path}",
        )


def _contracts(place: Place, known: dict[DatasetId, Dataset]) -> Iterator[Finding]:
    """Hold the files to what contracts that are signed grant of them."""
    at = now()
    unread = {join_dataset(place.party, name) for name in place.config.datasets} - set(known)
    with place.records() as records:
        book = place.contracts(records)
        signed = [
            item
            for item in book.all()
            if place.party in item.providers
            and book.state(item.id, at, party=place.party) in _SERVED
        ]
    for item in signed:
        # A file that cannot be read has had its finding; it is not missing from node.yaml.
        stand_ins = {name: Dataset(id=name, columns=()) for name in unread}
        findings = [
            finding
            for finding in check_contract_against(
                item.contract, known | stand_ins, provider=place.party
            )
            if not any(f"`{name}`" in finding.message for name in unread)
        ]
        matter = f"contract {short_id(item.id)}"
        for finding in findings:
            message = f"{finding.path}: {finding.message}"
            yield Finding(state="fail", matter=matter, message=message, hint=finding.hint)
        if not findings:
            yield Finding(state="ok", matter=matter, message="what it grants is there")


def _folder(place: Place) -> Iterator[Finding]:
    """Nobody else may read keys, tokens and state."""
    folder = place.folder
    secrets = [folder.key(name) for name in KEY_NAMES]
    if place.config.state.startswith(STATE_SCHEME):
        secrets.append(folder.state_file(place.config.state))
    tokens = folder.token("operator").parent
    secrets += sorted(tokens.iterdir()) if tokens.is_dir() else []
    private = [folder.key("tls").parent, tokens, folder.state]
    open_to_others = [
        path for path in (*private, *secrets) if path.exists() and path.stat().st_mode & 0o077
    ]
    for path in open_to_others:
        yield Finding(
            state="fail",
            matter="folder",
            message=f"`{path}` can be read by other users of this machine",
            hint=f"chmod {'700' if path.is_dir() else '600'} {path}",
        )
    if not open_to_others:
        yield Finding(state="ok", matter="folder", message="only its owner reads keys and state")
    free = shutil.disk_usage(folder.root).free
    if free < LEAST_FREE_BYTES:
        yield Finding(
            state="warn",
            matter="disk",
            message=f"{free // 10**6} MB are free",
            hint="make room: without it nothing can be recorded, so nothing is answered",
        )


def _keys(place: Place) -> Iterator[Finding]:
    """Each private key is the one whose public half member.json tells others."""
    wrong = tuple(_wrong_keys(place))
    yield from wrong
    if not wrong:
        yield Finding(state="ok", matter="keys", message="they are those that member.json lists")


def _wrong_keys(place: Place) -> Iterator[Finding]:
    member = _own(place).member
    folder = place.folder
    wanted = {"signing": PEOPLE_PURPOSES, "request": NODE_PURPOSES}
    for name, purposes in wanted.items():
        if name == "signing" and not folder.key(name).exists():
            continue  # people keep theirs elsewhere, which is their good right
        public = load_signer(load_file(folder.key(name))).public
        lacking = sorted(
            str(item) for item in purposes if public not in member.keys_for(Purpose(item))
        )
        if lacking:
            yield _other_key(name, f"member.json does not list it for {', '.join(lacking)}")
    if agreement_public(load_file(folder.key("agreement"))) != member.agreement:
        yield _other_key("agreement", "member.json lists another")
    for name in ("anchor", "tls"):
        private = load_tls_key(load_file(folder.key(name)))
        certificate = load_certificate(load_file(folder.certificate(name)))
        if private.public_key() != certificate.public_key():
            yield _other_key(name, f"certs/{name}.pem is of another key")


def _other_key(name: str, message: str) -> Finding:
    return Finding(
        state="fail",
        matter="keys",
        message=f"keys/{name}.pem: {message}",
        hint="restore keys, certificates and member.json from one and the same backup",
    )


def _certificates(place: Place, at: datetime) -> Iterator[Finding]:
    """Other companies will believe this node's certificate, and for some time yet."""
    own = _own(place)
    leaf_pem = load_file(place.folder.certificate("tls"))
    leaf, anchor = load_certificate(leaf_pem), load_certificate(own.member.tls_anchor.encode())
    if not is_issued_by(leaf, anchor):
        yield Finding(
            state="fail",
            matter="certificates",
            message="certs/tls.pem was not issued by the anchor in member.json",
            hint="restore certificates and member.json from one and the same backup",
        )
        return
    verify_peer_certificate(leaf_pem, members=Members().add(own), now=at)
    ends = {
        "certs/tls.pem": leaf.not_valid_after_utc,
        "the anchor": anchor.not_valid_after_utc,
        "member.json": own.member.valid.ends_at,
    }
    for name, end in ends.items():
        if end - at < RENEW_BEFORE:
            yield Finding(
                state="warn",
                matter="certificates",
                message=f"{name} ends on {end:%Y-%m-%d}",
                hint="renew it before",
            )
    first = min(ends.values())
    yield Finding(state="ok", matter="certificates", message=f"hold until {first:%Y-%m-%d}")
    if place.config.advertise not in own.member.endpoints:
        yield Finding(
            state="warn",
            matter="advertise",
            message=f"`{place.config.advertise}` is not what member.json tells others",
            hint=f"write one of {', '.join(own.member.endpoints)}, or make a new member document",
        )


def _state(place: Place, at: datetime) -> Iterator[Finding]:
    """The state can be read, and the clock is not behind its last entry."""
    with place.records() as records:
        size = records.ledger.head().size
        last = parse_moment(records.ledger.get(size - 1).at) if size else at
    if last > at + timedelta(seconds=1):
        yield Finding(
            state="fail",
            matter="clock",
            message=f"it is behind the ledger's last entry, which is from {last:%Y-%m-%d %H:%M:%S}",
            hint="set the clock right; nothing is answered until it has passed the last entry",
        )
    else:
        yield Finding(state="ok", matter="state", message=f"{size} entries, the clock is past them")


def _ports(place: Place) -> Iterator[Finding]:
    """The node answers, or its ports are free for it."""
    if place.is_running():
        with place.steward() as steward:
            steward.status()
        yield Finding(state="ok", matter="node", message="it runs and answers")
        return
    listen = place.config.listen
    taken = [item for item in (listen.peers, listen.users) if not is_free(item)]
    for item in taken:
        yield Finding(
            state="fail",
            matter="ports",
            message=f"nothing can listen at `{item}`: another program does, or it is not this"
            " machine's",
            hint="end that program, or write another address under `listen:` in node.yaml",
        )
    if not taken:
        yield Finding(state="ok", matter="ports", message="free; the node does not run")


def _engine(place: Place) -> Iterator[Finding]:
    """What the kernel does to hold a worker."""
    from sekisho.cli.engines import open_engine

    with open_engine(place.config.engine) as engine:
        found = engine.confinement()
    layers = {
        "files are limited to the datasets (Landlock)": bool(found.landlock),
        "sockets and programs are denied (seccomp)": found.seccomp,
        "memory is capped": found.memory,
    }
    for words, holds in layers.items():
        if not holds:
            yield Finding(
                state="warn",
                matter="engine",
                message=f"not on this machine: {words}",
                hint="a newer Linux kernel holds engine workers more tightly",
            )
    held = ", ".join(words for words, holds in layers.items() if holds)
    yield Finding(state="ok", matter="engine", message=f"a worker starts; {held or 'not confined'}")


def _members(place: Place) -> Iterator[Finding]:
    with place.records() as records:
        members = [item for item in place.members(records)() if item.party != place.party]
    for item in members:
        for endpoint in item.member.endpoints:
            address = (host_of(endpoint), port_of(endpoint))
            try:
                socket.create_connection(address, timeout=REACH_SECONDS).close()
            except OSError as error:
                yield Finding(
                    state="warn",
                    matter=f"member {item.party}",
                    message=f"`{endpoint}` cannot be reached: {error}",
                    hint="ask its operator, and whoever runs the network between",
                )
            else:
                yield Finding(
                    state="ok", matter=f"member {item.party}", message=f"listens at `{endpoint}`"
                )


def _own(place: Place) -> TrustedMember:
    envelope = place.member()
    trusted = verify_member(envelope, known=Members(), now=now())
    if trusted.party != place.party:
        raise NodeError(
            f"member.json is about `{trusted.party}`, node.yaml about `{place.party}`",
            hint="restore member.json from a backup",
        )
    return trusted
