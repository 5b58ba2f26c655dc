"""The residual of a question as a job for an engine, and what its inputs are held to."""

from collections.abc import Mapping

import pyarrow as pa

from sekisho.documents.lookup import LookupTable, cell_text
from sekisho.engine.engine import Job, Table
from sekisho.federation.plan import FederatedPlan, Fragment
from sekisho.model.parameters import Parameter, engine_type
from sekisho.server.parts import Parts
from sekisho.server.plans import bound_job
from sekisho.wire.tables import schema_frame
from sekisho.wire.types import arrow_type


def residual_job(
    parts: Parts,
    plan: FederatedPlan,
    parameters: tuple[Parameter, ...],
    *,
    seconds: float,
    schemas: Mapping[str, bytes],
    uploads: Mapping[str, LookupTable],
) -> Job:
    """Make the job that computes a residual over the fragments' answers.

    Args:
        parts: The node's own.
        plan: Its residual, and the fragments that it reads.
        parameters: Values of the query's parameters.
        seconds: What it may take.
        schemas: The frame of each fragment's schema, by its name.
        uploads: Tables that were uploaded for the contract, by name.
    """
    job = Job(
        sql=plan.residual_sql,
        parameters=plan.parameters,
        sources=tuple(parts.datasets.source(name) for name in plan.local_datasets),
        tables=tuple(_table(name, uploads[table]) for name, table in plan.uploads.items()),
        steps=tuple((item.name, item.sql) for item in plan.merges),
        outputs=tuple((item.name, item.gaps) for item in plan.merges if item.gaps),
        inputs=tuple(item.name for item in plan.fragments),
        schemas=schemas,
        seconds=seconds,
    )
    return bound_job(job, plan.bound, parameters)


def _table(name: str, uploaded: LookupTable) -> Table:
    return Table(
        name=name,
        columns=tuple((column, engine_type(kind)) for column, kind in uploaded.typed_columns),
        rows=tuple(tuple(map(cell_text, row)) for row in uploaded.rows),
    )


def promised_schema(fragment: Fragment) -> bytes:
    """Give the frame of the schema that a fragment's answer must have.

    A column of Arrow's null type is one whose type the plan does not rest on.
    """
    types = fragment.types or ("",) * len(fragment.columns)
    return schema_frame(
        pa.schema(
            [
                pa.field(name, arrow_type(kind))
                for name, kind in zip(fragment.columns, types, strict=True)
            ]
        )
    )
