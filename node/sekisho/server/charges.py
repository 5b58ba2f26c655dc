"""What a query would be charged, in words, for explanations."""

from sekisho.model.signed import SignedContract


def charges_of(signed: SignedContract) -> tuple[str, ...]:
    """Tell what one query under a contract is charged against each of its limits."""
    limits = signed.contract.limits
    words = []
    if limits.queries is not None:
        words.append(f"1 of {limits.queries.max} queries per {limits.queries.per}")
    if limits.rows is not None:
        words.append(f"each row of {limits.rows.max} rows per {limits.rows.per}")
    if limits.bytes is not None:
        words.append(f"each byte of {limits.bytes.max} bytes per {limits.bytes.per}")
    if limits.cells is not None:
        words.append(f"each cell of {limits.cells.max} cells per {limits.cells.per}")
    if limits.concurrent is not None:
        words.append(f"1 of {limits.concurrent} queries at once")
    return tuple(words)
