"""The outputs of a SELECT: which one a position or an alias means, and what they are called."""

from sqlglot import exp

from sekisho.sql.places import shown, syntax_refusal
from sekisho.sql.scopes import Scope


def written_position(item: exp.Expr, scope: Scope) -> int | None:
    """Read a position such as the 1 of GROUP BY 1."""
    if not isinstance(item, exp.Literal) or item.is_string:
        return None
    count = len(scope.select.expressions)
    if not item.name.isdigit() or not 1 <= int(item.name) <= count:
        message = f"{shown(item.name)} is not a position from 1 to {count}"
        raise syntax_refusal(message, item.parent)
    return int(item.name)


def write_all(order: exp.Expr | None, count: int) -> None:
    """Write ORDER BY ALL as what it means: every output, one after the other."""
    items = order.expressions if order is not None else []
    if order is None or len(items) != 1 or not isinstance(items[0].this, exp.Var):
        return
    keys = [items[0].copy() for _ in range(count)]
    for number, key in enumerate(keys, 1):
        key.set("this", exp.Literal.number(number))
    order.set("expressions", keys)


def alias_position(name: str, scope: Scope) -> int | None:
    """Tell which output an alias names, if any."""
    found = [
        number
        for number, item in enumerate(scope.select.expressions, 1)
        if item.alias.lower() == name.lower()
    ]
    if len(found) > 1:
        message = f"{shown(name)} names two columns of the output"
        raise syntax_refusal(message, scope.select, hint="give each an alias of its own")
    return found[0] if found else None


def renamed(names: tuple[str, ...], alias: exp.Expr) -> tuple[str, ...]:
    """Name the columns of an inner SELECT as its alias does, such as `w(a, b)`."""
    written = [item.name for item in alias.args.get("columns") or ()]
    if len(written) > len(names):
        message = f"{shown(alias.name)} names {len(written)} columns of {len(names)}"
        raise syntax_refusal(message, alias)
    columns = (*written, *names[len(written) :])
    twice = _first_twice(columns)
    if twice is not None:
        message = f"{shown(alias.name)} has two columns called {shown(twice)}"
        raise syntax_refusal(message, alias, hint="name each column with AS")
    return columns


def _first_twice(names: tuple[str, ...]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None
