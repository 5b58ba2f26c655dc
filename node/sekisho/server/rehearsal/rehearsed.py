"""A provider's node with nobody around it.

State and clock are throw-away; everything else is the node's own. What the consumer asks is a
signed request that goes the whole way of `docs/spec/answering.md`. Nothing here decides, charges or
protects.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

import pyarrow as pa

from sekisho.client.peer import Credentials
from sekisho.config import DatasetConfig, parse_config
from sekisho.documents.envelope import PayloadType, digest_of, seal
from sekisho.documents.lookup import LookupTable, build_lookup
from sekisho.engine.engine import Engine
from sekisho.ledger.instants import moment_text
from sekisho.ledger.request import Request, request_bytes
from sekisho.model.guardrail import PlacedRule
from sekisho.model.names import PartyId
from sekisho.server.agreeing import Agreeing
from sekisho.server.answering import Answering
from sekisho.server.contracts import ContractBook
from sekisho.server.datasets import Datasets, sources_of
from sekisho.server.delivery import Deliveries
from sekisho.server.guarding import Guard
from sekisho.server.lookups import Lookups
from sekisho.server.members import MemberBook
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import NodeKeys, Parts
from sekisho.server.plans import Plans
from sekisho.server.rehearsal.stage import Stage
from sekisho.store.folder import load_file, load_secret
from sekisho.store.state import State, open_state
from sekisho.trust.keys import load_signer
from sekisho.wire.frames import frame_stream_reader

_NOON = timedelta(hours=12)
"""Into the first day of the term, in its own time zone: no limit starts anew in between."""


class RehearsedNode:
    """One provider's node under a contract, and one consumer that asks it; a context manager."""

    def __init__(
        self,
        stage: Stage,
        datasets: Mapping[str, DatasetConfig],
        *,
        provider: PartyId,
        consumer: PartyId,
        engine: Engine,
        name: str,
        seed: int,
        rules: Sequence[PlacedRule] = (),
    ) -> None:
        """Begin at noon of the term's first day, with nothing asked and nothing published yet.

        Args:
            stage: The contract.
            datasets: The provider's, by name; their files are named absolutely.
            provider: Whose node it is.
            consumer: Who asks.
            engine: What computes; rehearsals may share it.
            name: Tells this rehearsal's state from others of the stage.
            seed: From which the node's secrets are drawn, as far as figures depend on them.
            rules: Of the provider's guardrails.
        """
        self._stage = stage
        self._consumer = consumer
        self._rules = rules
        self._brought: dict[str, str] = {}
        self._clock = stage.signed_at
        random = _Drawn(f"{seed}:{name}")
        state = open_state(stage.root / f"{name}.db", now=self._clock, random=random, founding=True)
        try:
            self._parts = self._assemble(datasets, provider, engine, state=state, random=random)
            self._lookups = Lookups(self._parts)
            self._agree()
        except BaseException:
            state.close()
            raise
        self._answering = Answering(self._parts, Plans(self._parts), self._lookups)
        self._key = load_signer(load_secret(stage.folders[consumer].key("request")))
        self._clock = stage.signed.starts_at + _NOON

    def __enter__(self) -> Self:
        """Forget everything when the block is left."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Let go of the state, whose file goes with the stage's folder."""
        self._parts.state.close()

    def bring(self, table: LookupTable) -> None:
        """Bring a table that the contract lets its consumer bring.

        Raises:
            DocumentError: It is no table.
            Refusal: The contract does not allow it, or not this one.
        """
        data = build_lookup(table)
        self._lookups.take(self._consumer, self._stage.signed.id, data)
        self._brought[table.name] = digest_of(data)

    def ask(self, sql: str, *, lookups: Sequence[str] = (), purpose: str = "") -> pa.Table:
        """Ask one query as the consumer's node does.

        Args:
            sql: What is asked.
            lookups: Names of the tables that it joins, which were brought.
            purpose: What for; the contract's first purpose where none is given.

        Raises:
            Refusal: The contract does not allow it, or not any more today.
            EngineError: The engine did not finish the answer.
        """
        request = Request(
            contract=self._stage.signed.id,
            provider=self._parts.party,
            consumer=self._consumer,
            purpose=purpose or self._stage.signed.contract.purposes[0].purpose,
            sql=sql,
            nonce=self._parts.random(16).hex(),
            issued_at=moment_text(self._clock),
            lookups={name: self._brought[name] for name in lookups} or None,
        )
        envelope = seal(request_bytes(request), PayloadType.REQUEST, [self._key])
        frames = self._answering.answer_signed(self._consumer, envelope, _Listening())
        stream = pa.PythonFile(frame_stream_reader(frames), mode="r")
        return pa.ipc.open_stream(stream).read_all()

    def wait(self, days: int) -> None:
        """Let days pass; limits of a day start anew."""
        self._clock += timedelta(days=days)

    def _assemble(
        self,
        datasets: Mapping[str, DatasetConfig],
        provider: PartyId,
        engine: Engine,
        *,
        state: State,
        random: Callable[[int], bytes],
    ) -> Parts:
        folder, member = self._stage.folders[provider], self._stage.members[provider]
        settings = parse_config(load_file(folder.config))
        config = settings.model_copy(update={"datasets": dict(datasets)})
        members = MemberBook(state, member)
        contracts = ContractBook(state, is_revoked=lambda key: members().is_revoked(key))
        return Parts(
            party=provider,
            folder=folder,
            config=config,
            keys=NodeKeys(
                request=load_signer(load_secret(folder.key("request"))),
                agreement=load_secret(folder.key("agreement")),
                tls=Credentials(
                    key=load_secret(folder.key("tls")),
                    certificate=load_file(folder.certificate("tls")),
                ),
            ),
            member=member,
            state=state,
            contracts=contracts,
            members=members,
            guard=Guard(config, self._rules, contracts=contracts, members=members),
            datasets=Datasets(
                provider, datasets, sources=sources_of(datasets, self._stage.root), engine=engine
            ),
            engine=engine,
            now=lambda: self._clock,
            random=random,
        )

    def _agree(self) -> None:
        """Make the parties known here, and bring the contract that they have signed."""
        parts = self._parts
        for party, member in self._stage.members.items():
            if party != parts.party:
                parts.members.add(
                    parts.state, member, alias="", fingerprint=member.digest, now=self._clock
                )
        agreeing = Agreeing(parts, Deliveries(parts, Neighbours(parts)), self._lookups)
        agreeing.receive_contract(self._consumer, self._stage.envelope)


class _Listening:
    """A call whose caller waits to the end."""

    def add_callback(self, callback: Callable[[], None]) -> bool:  # noqa: ARG002  it never ends
        return True

    def is_active(self) -> bool:
        return True

    def cancel(self) -> None:
        """Nothing is queued anywhere."""


class _Drawn:
    """Bytes that are the same for the same seed, and look like any others."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._drawn = 0

    def __call__(self, size: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(f"{self._seed}:{self._drawn}".encode()).digest(size)
