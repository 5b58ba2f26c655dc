"""The running node: opens its parts, serves both faces, and stops without losing anything."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import grpc

from sekisho.client.peer import Credentials
from sekisho.config import NodeConfig, parse_config
from sekisho.documents.envelope import Envelope, parse_envelope_json
from sekisho.engine.engine import Engine, EngineSettings, Source
from sekisho.engine.pool import WorkerPool
from sekisho.errors import LedgerError, NodeError, TrustError
from sekisho.model.guardrail import PlacedRule
from sekisho.model.member import Purpose
from sekisho.model.names import PartyId
from sekisho.server import log
from sekisho.server.acknowledging import Acknowledging
from sekisho.server.agreeing import Agreeing
from sekisho.server.answering import Answering
from sekisho.server.asking import AskingRoom
from sekisho.server.comparing import Comparing
from sekisho.server.contracts import ContractBook
from sekisho.server.cutting import ENDED, cut_in_doubt, cut_what_ended
from sekisho.server.datasets import Datasets, sources_of
from sekisho.server.delivery import Deliveries
from sekisho.server.faces import Face
from sekisho.server.guarding import Guard
from sekisho.server.lookups import Lookups
from sekisho.server.members import MemberBook
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import NodeKeys, Parts, utc_now
from sekisho.server.peers import PeersFace
from sekisho.server.plans import Plans
from sekisho.server.retention import Retention
from sekisho.server.users import UsersFace
from sekisho.server.watching import Watching
from sekisho.server.witness import Circle, Witness
from sekisho.store.folder import PRIVATE_FOLDER_MODE, NodeFolder, StateLock, load_file, load_secret
from sekisho.store.guardrails import load_guardrails
from sekisho.store.locating import find_database
from sekisho.store.rotating import check_rotated, record_own
from sekisho.store.state import State, open_state
from sekisho.trust.keyring import TrustedMember
from sekisho.trust.keys import agreement_public, load_signer, public_of_id

GRACE_SECONDS = 5.0
"""What running answers get to end when the node stops."""
_COPY = "copy member.json, keys/ and certs/ from the folder in which they were renewed"
SWEEP_SECONDS = 1.0
"""How often running answers are held to their contract's last instant."""


class RunningNode:
    """One node in this process; a context manager."""

    def __init__(self, root: Path) -> None:
        """Open the folder, the state and the engine; nothing listens yet.

        Raises:
            DocumentError: node.yaml or a guardrail cannot be read, or guardrails contradict each
                other.
            NodeError: A file is missing, new keys have not taken their places, or another process
                serves this folder.
            LedgerError: The state is damaged, or the clock is behind it.
        """
        folder = NodeFolder(root)
        config = parse_config(load_file(folder.config), name=str(folder.config))
        guardrails = load_guardrails(folder, config)
        check_rotated(folder)
        member = parse_envelope_json(load_file(folder.member), name=str(folder.member))
        keys = _load_keys(folder)
        state = self._open_state(folder, config)
        try:
            self.parts = _assemble(
                folder, config, guardrails, keys=keys, member=member, state=state
            )
        except BaseException:
            state.close()
            self._unlock()
            raise
        self._stopping = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        self._furnish()

    def _open_state(self, folder: NodeFolder, config: NodeConfig) -> State:
        database = find_database(folder, config)
        if not database.exists():
            msg = f"the state `{database.name}` is not there"
            raise NodeError(msg, hint="restore the latest backup; a node never begins a second one")
        # A file is one process's; a folder is so too, whatever it shares with others.
        self._lock = StateLock(folder.serving) if database.is_shared else None
        try:
            return open_state(database, now=utc_now())
        except BaseException:
            self._unlock()
            raise

    def _furnish(self) -> None:
        """Make the rooms in which calls are served, and the threads behind them."""
        self._neighbours = Neighbours(self.parts)
        self._deliveries = Deliveries(self.parts, self._neighbours)
        self._acknowledging = Acknowledging(self.parts, self._deliveries)
        self._circle = Circle(self.parts)
        # Connections of its own: its visits to nodes that are away put off no query's reconnecting.
        self._watching = Watching(
            self.parts,
            Neighbours(self.parts),
            circle=self._circle,
            jitter=lambda: self.parts.random(1)[0] / 255,
        )
        self._lookups = Lookups(self.parts)
        self._agreeing = Agreeing(self.parts, self._deliveries, self._lookups)
        self._retention = Retention(self.parts)
        self._faces = (self._peers_face(), self._users_face())

    def __enter__(self) -> Self:
        """Serve both faces while the block runs.

        Raises:
            NodeError: An address is taken.
            LedgerError: The database of the state has gone away.
        """
        try:
            self._watching.look_back()
            peers, users = self._faces
            peers.listen(self.parts.config.listen.peers)
            users.listen(self.parts.config.listen.users)
            self.parts.state.watch(
                on_news=self._hear, on_lost=self._lose, on_found=self._say_whether_in_touch
            )
        except BaseException:
            self._watching.stop()
            self._close()
            raise
        for index in self.parts.state.interrupted:
            log.note("found interrupted", index=index)
        self.parts.guard.note(self.parts.now())
        self._drop_ended()
        for face in self._faces:
            face.start()
        self._deliveries.start()
        self._retention.start()
        self._watching.start()
        self._acknowledging.start()
        self._sweeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop: no new calls, a grace for running ones, then cut them and close the books."""
        for face in self._faces:
            face.stop_accepting()
        self.parts.streams.wait_idle(GRACE_SECONDS)
        self.parts.streams.close("stopping")
        for face in self._faces:
            face.stop()
        self._stopping.set()
        self._sweeper.join()
        self._acknowledging.stop()
        self._deliveries.stop()
        self._retention.stop()
        self._watching.stop()
        self._close()

    def _close(self) -> None:
        self._neighbours.close()
        self.parts.engine.close()
        self.parts.state.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def _peers_face(self) -> Face:
        plans = Plans(self.parts)
        face = Face("the peers' face", _mutual_tls(self.parts))
        PeersFace(
            self.parts,
            plans=plans,
            answering=Answering(self.parts, plans, self._lookups),
            agreeing=self._agreeing,
            comparing=Comparing(self.parts),
            lookups=self._lookups,
            witness=Witness(self.parts, self._circle),
        ).add_to(face)
        return face

    def _users_face(self) -> Face:
        credentials = self.parts.keys.tls
        face = Face(
            "the users' face",
            grpc.ssl_server_credentials([(credentials.key, credentials.certificate)]),
        )
        UsersFace(
            self.parts,
            asking=AskingRoom(self.parts, self._neighbours),
            agreeing=self._agreeing,
            neighbours=self._neighbours,
        ).add_to(face)
        return face

    def _sweep(self) -> None:
        """Cut answers whose contract has ended or that nobody reads; record what is late.

        Tables that consumers brought are dropped with their contract.
        """
        patience = float(self.parts.config.engine.seconds)
        while not self._stopping.wait(SWEEP_SECONDS):
            self.parts.streams.cut_stalled(before=self.parts.monotonic() - patience, reason="stall")
            with suppress(LedgerError):  # no disk, no database: it is tried again in a second
                for index in self.parts.state.sweep(self.parts.now()):
                    log.note("found interrupted", index=index)
                self.parts.late.retry()
                self._cut_ended("term")
                cut_in_doubt(self.parts)
                self._say_whether_in_touch()
            self._drop_ended()

    def _cut_ended(self, reason: str) -> None:
        for contract in self.parts.streams.contracts():
            cut_what_ended(self.parts, contract, reason)

    def _drop_ended(self) -> None:
        with suppress(LedgerError):
            self._lookups.drop_ended()

    def _hear(self) -> None:
        """Act at once on what another replica has recorded; in several threads, news by news."""
        self._cut_ended(ENDED)
        self._lookups.forget_read()
        self._deliveries.wake()
        self._say_whether_in_touch()

    def _say_whether_in_touch(self) -> None:
        """Tell balancers how it is now, whatever was so when this began."""
        try:
            self.parts.state.check_in_touch()
        except LedgerError:
            self._say(is_serving=False)
        else:
            self._say(is_serving=True)

    def _say(self, *, is_serving: bool) -> None:
        for face in self._faces:
            face.say(is_serving=is_serving)

    def _lose(self) -> None:
        """Serve nothing without the state: what runs is cut, and balancers are told."""
        log.note("state lost", logging.ERROR)
        self._say(is_serving=False)
        self.parts.streams.cut_all("lost")


def _assemble(
    folder: NodeFolder,
    config: NodeConfig,
    guardrails: tuple[PlacedRule, ...],
    *,
    keys: NodeKeys,
    member: Envelope,
    state: State,
) -> Parts:
    members = _believe_own(config.party, state, member)
    _check_keys(keys, members().latest(config.party))
    record_own(state, member, now=utc_now())
    contracts = ContractBook(state, is_revoked=lambda key: members().is_revoked(key))
    sources = sources_of(config.datasets, folder.root)
    engine = _start_engine(config, sources.values(), spill=folder.state / "spill")
    return Parts(
        party=config.party,
        folder=folder,
        config=config,
        keys=keys,
        member=member,
        state=state,
        contracts=contracts,
        members=members,
        guard=Guard(config, guardrails, contracts=contracts, members=members),
        datasets=Datasets(config.party, config.datasets, sources=sources, engine=engine),
        engine=engine,
    )


def _believe_own(party: PartyId, state: State, member: Envelope) -> MemberBook:
    """Hold this folder's document to be the company's own, and its newest."""
    members = MemberBook(state, member)
    own = members.current(party)
    if own is None:
        msg = f"member.json is not about `{party}`"
        raise TrustError(msg, step="member.own", hint="restore member.json from a backup")
    if own.fingerprint != member.digest:
        raise TrustError(
            f"member.json is not the newest of `{party}`: version {own.member.version} is known",
            step="member.own",
            hint=_COPY,
        )
    return members


def _check_keys(keys: NodeKeys, own: TrustedMember) -> None:
    """Hold this folder's keys to be those of its member document.

    A folder to which member.json alone was copied would sign what nobody believes.
    """
    if public_of_id(keys.request.key_id) not in own.member.keys_for(Purpose.REQUEST):
        raise TrustError(
            f"keys/request.pem is not of version {own.member.version} of `{own.party}`",
            step="member.keys",
            hint=_COPY,
        )
    if agreement_public(keys.agreement) != own.member.agreement:
        raise TrustError(
            f"keys/agreement.pem is not of `{own.party}`", step="member.keys", hint=_COPY
        )


def _start_engine(config: NodeConfig, sources: Iterable[Source], *, spill: Path) -> Engine:
    """Start the workers; what a fallen node's workers spilled is removed first."""
    shutil.rmtree(spill, ignore_errors=True)
    spill.mkdir(mode=PRIVATE_FOLDER_MODE)
    return WorkerPool(
        EngineSettings(
            memory_bytes=config.engine.memory,
            threads=config.engine.threads,
            workers=config.engine.workers,
            temp_path=str(spill),
        ),
        sources,
    )


def _load_keys(folder: NodeFolder) -> NodeKeys:
    return NodeKeys(
        request=load_signer(load_secret(folder.key("request"))),
        agreement=load_secret(folder.key("agreement")),
        tls=Credentials(
            key=load_secret(folder.key("tls")), certificate=load_file(folder.certificate("tls"))
        ),
    )


def _mutual_tls(parts: Parts) -> grpc.ServerCredentials:
    """Ask every caller for a certificate; which anchors count is looked at before each handshake.

    Anchors are handed over only where they are others than before: gRPC then frees what a handshake
    in another thread may still be using. Done at every handshake, that ended nodes which two dozen
    companies reached at once.
    """
    tls, lock = parts.keys.tls, threading.Lock()
    handed = parts.members.anchors()

    def configuration(anchors: bytes) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration([(tls.key, tls.certificate)], anchors)

    def changed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal handed
        anchors = parts.members.anchors()
        with lock:
            if anchors == handed:
                return None
            handed = anchors
        return configuration(anchors)

    # None means unchanged, which the stubs do not say.
    fetch = cast("Callable[[], grpc.ServerCertificateConfiguration]", changed)
    return grpc.dynamic_ssl_server_credentials(
        configuration(handed), fetch, require_client_authentication=True
    )
