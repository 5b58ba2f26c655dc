"""`sekisho contract new` and `schema`: a contract to begin with, and what completes it."""

import argparse
import re
import sys
from datetime import date, timedelta
from pathlib import Path

from sekisho.cli.main import DONE
from sekisho.cli.place import Place, misused, now, say
from sekisho.cli.shipped import shipped
from sekisho.documents.contract import parse_contract
from sekisho.documents.proposal import proposed_terms
from sekisho.documents.reference import contract_schema
from sekisho.documents.value import Value
from sekisho.errors import NodeError
from sekisho.model.contract import Contract, Role
from sekisho.model.instants import parse_day
from sekisho.model.names import PartyId, default_alias, short_id

DEFAULT_TEMPLATE = "rows-to-a-partner"
_SUFFIX = ".contract.yaml"
SIGNING = timedelta(days=30)
"""Time to sign in a new contract."""
_FIRST = ("party", "purpose", "grant", "title", "name", "starts", "ends", "effective")
"""Fields that people read first; the rest follows in the canonical order."""


def new(options: argparse.Namespace) -> int:
    """Print a contract, or write it to a file that is not there yet."""
    known = _templates()
    if options.template == "list":
        print("\n".join(known))
        return DONE
    today = now().date()
    if options.amends:
        if options.template:
            return misused("an amendment begins with the contract itself", "leave --template out")
        text = _amendment(options, today)
    else:
        name = options.template or DEFAULT_TEMPLATE
        if name not in known:
            return misused(f"there is no template `{name}`", f"choose one of {', '.join(known)}")
        text = _filled(known[name], options, today)
    contract = parse_contract(text.encode(), name="contract").contract
    _give(text, options.out, contract)
    return DONE


def schema(_: argparse.Namespace) -> int:
    """Print the JSON Schema of a contract."""
    sys.stdout.write(contract_schema())
    return DONE


def _templates() -> dict[str, str]:
    """Read the templates that came with the package, by name."""
    files = sorted(shipped("policies", "contracts").glob(f"*{_SUFFIX}"))
    return {item.name.removesuffix(_SUFFIX): item.read_text(encoding="utf-8") for item in files}


def _give(text: str, out: str | None, contract: Contract) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        with Path(out).open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise NodeError(
            f"`{out}` cannot be written: {(error.strerror or str(error)).lower()}",
            hint="choose another name with --out",
        ) from error
    say(f"written to {out}; next: sekisho contract lint {out}")
    if contract.amends is not None:
        amended = short_id(contract.amends.contract)
        say(f"and, once it is changed: sekisho contract diff {amended} {out}")


def _filled(text: str, options: argparse.Namespace, today: date) -> str:
    """Put this year's days into a template, and this company where it is known."""
    contract = parse_contract(text.encode()).contract
    # The template's days keep their distances, and begin today.
    shift = today - contract.term.starts
    last_to_sign = min(today + SIGNING, contract.term.ends + shift)
    text = re.sub(
        r"starts: [\d-]{10}, ends: [\d-]{10}",
        f"starts: {today}, ends: {contract.term.ends + shift}",
        text,
        count=1,
    )
    text = re.sub(r"(?m)^sign_by: [\d-]{10}", f"sign_by: {last_to_sign}", text, count=1)
    if not (Path(options.dir) / "node.yaml").is_file():
        return text
    config = Place.find(options).config
    stand_in = next(item for item in contract.parties if item.role is Role(options.role))
    text = text.replace(stand_in.party, config.party)
    alias = config.alias or default_alias(PartyId(config.party))
    return text.replace(f"alias: {stand_in.effective_alias},", f"alias: {alias},")


def _amendment(options: argparse.Namespace, today: date) -> str:
    """Write a held contract out again, as an amendment of itself."""
    place = Place.find(options)
    with place.records() as records:
        book = place.contracts(records)
        found = book.find(options.amends, now())
        stored = records.contracts.get(found)
    if stored is None:
        raise LookupError(found)
    terms = dict(proposed_terms(stored.payload))
    ends = parse_day(str(_within(terms, "term", "ends")))
    terms["amends"] = {
        "contract": found,
        "effective": min(today + SIGNING, ends).isoformat(),
        "because": "say here what changes and why",
    }
    terms.pop("sign_by", None)
    ordered = {name: terms[name] for name in _written_order() if name in terms}
    return _authored_yaml(ordered)


def _within(terms: dict[str, Value], *path: str) -> Value:
    value: Value = terms
    for name in path:
        value = value[name] if isinstance(value, dict) else ""
    return value


def _written_order() -> list[str]:
    return [field.alias or name for name, field in Contract.model_fields.items()]


def _authored_yaml(terms: dict[str, Value]) -> str:
    """Write terms as an author would: texts that need quotes have them, row filters always."""
    import yaml

    class Writer(yaml.SafeDumper):
        """Writes row filters in quotes, as the strict reader demands."""

    def write_filter(writer: yaml.SafeDumper, text: _Filter) -> yaml.ScalarNode:
        return writer.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')

    Writer.add_representer(_Filter, write_filter)
    Writer.ignore_aliases = lambda *_: True  # type: ignore[method-assign]
    return str(
        yaml.dump(_marked(terms), Dumper=Writer, sort_keys=False, allow_unicode=True, width=100)
    )


class _Filter(str):
    """A row filter on its way into YAML."""

    __slots__ = ()


def _marked(value: Value) -> Value:
    if isinstance(value, dict):
        names = sorted(value, key=_rank) if not _is_top(value) else list(value)
        return {
            name: _Filter(value[name]) if name == "where" else _marked(value[name])
            for name in names
        }
    return [_marked(item) for item in value] if isinstance(value, list) else value


def _is_top(value: dict[str, Value]) -> bool:
    return "format" in value


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)
