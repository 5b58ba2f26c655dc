"""Step 3 at a provider: the gate's decision, remembered while nothing it rests on changes."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sekisho.documents.envelope import digest_of
from sekisho.engine.engine import Engine, Job
from sekisho.errors import EngineError, NodeError, Refusal, RefusalReason
from sekisho.gate.decide import decide
from sekisho.gate.governed import HASH_KEY
from sekisho.ledger.record import record_bytes
from sekisho.model.names import split_dataset
from sekisho.model.parameters import Parameter
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from sekisho.server.parts import Parts
from sekisho.server.protecting import ProtectedJob, cells_table, protected_job
from sekisho.sql.parameters import PREFIX
from sekisho.trust.pseudonym import derive_pseudonym_keys

MAX_PARSED = 500
MAX_REMEMBERED_CHARACTERS = 2_000
"""A parse tree as JSON is some twenty times its text: all remembered ones take 20 MB at most."""
MAX_PLANS = 2_000
"""Plans kept; the least recently used goes first."""
MAX_REMEMBERED_TEXT = 16_384
"""Characters of a query whose plan is kept; with the others bounded so, all are some 100 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAnswer:
    """A plan with what its engine needs, bound once."""

    plan: Plan
    job: Job
    """Without the values of the query's parameters."""
    schema: bytes
    """The frame of the schema that the plan answers with."""
    digest: str
    """Of the plan, for the ledger; it holds no key and no value of a parameter."""
    protected: tuple[ProtectedJob, ...] = ()
    """What is described first; the job reads their cells."""

    def job_for(self, query: Query) -> Job:
        """Bind the values of a query's parameters."""
        return bound_job(self.job, self.plan.bound, query.parameters)

    def protected_for(self, query: Query) -> tuple[ProtectedJob, ...]:
        """Bind the values of a query's parameters in what is described first."""
        return tuple(
            replace(item, job=bound_job(item.job, item.block.bound, query.parameters))
            for item in self.protected
        )


class RememberedParser:
    """The engine's parser, asked once for short texts that come again: contracts' row filters."""

    def __init__(self, engine: Engine) -> None:
        """Ask an engine."""
        self._parse = engine.parse
        self._remembered = lru_cache(MAX_PARSED)(engine.parse)

    def parse(self, sql: str) -> str:
        """Give DuckDB's own parse tree of a text as JSON."""
        parse = self._remembered if len(sql) <= MAX_REMEMBERED_CHARACTERS else self._parse
        return parse(sql)


class Plans:
    """Decides, and remembers what was decided; refusals are not remembered."""

    def __init__(self, parts: Parts) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._parser = RememberedParser(parts.engine)
        self._lock = threading.Lock()
        self._known: OrderedDict[Any, PlannedAnswer] = OrderedDict()
        self._known_hash_key = ""

    def plan(self, query: Query, signed: SignedContract) -> PlannedAnswer:
        """Decide about a query under a contract that is in force.

        Raises:
            Refusal: The gate's; or `MODE_NOT_SERVED`, for a dataset that is served to the same
                companies in another access mode, which is looked at anew each time.
        """
        planned = self._planned(query, signed)
        self._parts.guard.check_mode(query, planned.plan, self._parts.now())
        return planned

    def _planned(self, query: Query, signed: SignedContract) -> PlannedAnswer:
        key = (query.shape, self._parts.datasets.stamp(), self._parts.guard.stamp)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        planned = self._decide(query, signed)
        if len(query.sql) > MAX_REMEMBERED_TEXT:
            return planned
        with self._lock:
            self._known[key] = planned
            if len(self._known) > MAX_PLANS:
                self._known.popitem(last=False)
        return planned

    def _decide(self, query: Query, signed: SignedContract) -> PlannedAnswer:
        decision = decide(query, signed, self._parts.datasets.present(), parser=self._parser)
        if isinstance(decision, Refusal):
            raise decision
        return self._bound(decision, query)

    def _bound(self, plan: Plan, query: Query) -> PlannedAnswer:
        """Bind a plan to the data, and its blocks to theirs."""
        sources = tuple(
            self._parts.datasets.source(split_dataset(dataset)[1]) for dataset in plan.datasets
        )
        secrets = self._secrets(query) if plan.blocks else {}
        seconds = float(self._parts.config.engine.seconds)
        job = Job(
            sql=plan.sql,
            parameters=dict(plan.parameters) | (self._pseudonyms(query) if plan.pseudonyms else {}),
            sources=() if plan.blocks else sources,
            tables=tuple(cells_table(block) for block in plan.blocks),
            seconds=seconds,
        )
        return PlannedAnswer(
            plan=plan,
            job=job,
            schema=self._schema(bound_job(job, plan.bound, query.parameters)),
            digest=plan_digest(plan),
            protected=tuple(
                protected_job(block, secrets=secrets, sources=sources, seconds=seconds)
                for block in plan.blocks
            ),
        )

    def _secrets(self, query: Query) -> dict[str, str]:
        return self._pseudonyms(query) | {HASH_KEY: self._hash_key()}

    def _pseudonyms(self, query: Query) -> dict[str, str]:
        keys = derive_pseudonym_keys(
            self._parts.keys.agreement, contract=query.contract, provider=self._parts.party
        )
        return {"k1": keys.k1, "k2": keys.k2}

    def _hash_key(self) -> str:
        if not self._known_hash_key:
            state = self._parts.state
            self._known_hash_key = state.submit(state.published.secret)
        return self._known_hash_key

    def _schema(self, job: Job) -> bytes:
        """Have the engine bind the plan without reading data.

        What the gate allowed and the engine cannot bind is a matter of types: the consumer is told
        so in fixed words, since the engine's own text may name what is not granted.
        """
        try:
            return self._parts.engine.describe_plan(job)
        except NodeError as error:
            raise Refusal(
                RefusalReason.SCHEMA_CHANGED,
                "the dataset cannot be read as the contract grants it",
                hint="ask the provider",
            ) from error
        except EngineError as error:
            raise Refusal(
                RefusalReason.SYNTAX_NOT_ALLOWED,
                "the engine cannot bind the query",
                hint="compare the types of the columns with what the functions take; "
                "see `sekisho dataset list`",
            ) from error


def bound_job(job: Job, names: tuple[str, ...], parameters: tuple[Parameter, ...]) -> Job:
    """Bind the values of parameters that a job's text names.

    Args:
        job: With its text literals and keys.
        names: The parameters that stand in it.
        parameters: Their values.
    """
    if not names:
        return job
    values = {PREFIX + item.name: item.value for item in parameters if item.name in names}
    return replace(job, parameters={**job.parameters, **values})


def plan_digest(plan: Plan) -> str:
    """Name a plan by what runs: its text and its literals."""
    blocks = [{"sql": item.sql, "parameters": dict(item.parameters)} for item in plan.blocks]
    record = {"sql": plan.sql, "parameters": dict(plan.parameters)}
    return digest_of(record_bytes(record | ({"blocks": blocks} if blocks else {})))
