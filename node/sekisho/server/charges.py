"""What a query would be charged, in words, for explanations."""

from sekisho.model.plan import Plan
from sekisho.model.signed import SignedContract


def charges_of(signed: SignedContract, plan: Plan) -> tuple[str, ...]:
    """Tell what a plan under a contract is charged against each of its limits."""
    limits = signed.contract.limits
    words = []
    if limits.queries is not None:
        words.append(f"1 of {limits.queries.max} queries per {limits.queries.per}")
    if limits.rows is not None:
        words.append(f"each row of {limits.rows.max} rows per {limits.rows.per}")
    if limits.bytes is not None:
        words.append(f"each byte of {limits.bytes.max} bytes per {limits.bytes.per}")
    if limits.cells is not None and plan.blocks:
        cells = limits.cells
        words.append(f"each cell that is new of {cells.max} cells per {cells.per}")
    if limits.concurrent is not None:
        words.append(f"1 of {limits.concurrent} queries at once")
    return tuple(words)
