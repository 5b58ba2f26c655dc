"""`sekisho contract attack`: what attackers would recover, before anybody signs."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sekisho.cli.attack_data import Offered, find_data
from sekisho.cli.main import DONE
from sekisho.cli.place import say
from sekisho.cli.table import write_table
from sekisho.documents.contract import AuthoredContract, parse_contract
from sekisho.engine.engine import EngineSettings
from sekisho.engine.pool import WorkerPool
from sekisho.model.contract import Contract
from sekisho.store.folder import load_file

if TYPE_CHECKING:
    from sekisho.server.rehearsal.ground import Ground
    from sekisho.server.rehearsal.playing import Outcome

_COLUMNS = (
    "attack",
    "read by",
    "queries",
    "refused",
    "withheld",
    "stated",
    "recovered",
    "of",
    "chance",
    "unprotected",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """A dataset under a grant, and what came of it."""

    ground: "Ground"
    outcomes: "tuple[Outcome, ...]"


def attack(options: argparse.Namespace) -> int:
    """Try every attack on a provider's data, and print what each recovers."""
    path = Path(options.file)
    authored = parse_contract(load_file(path), name=str(path))
    offered = find_data(options, authored.contract, path)
    workers = os.cpu_count() or 1
    engine = WorkerPool(EngineSettings(workers=workers, max_workers=2 * workers, threads=1))
    try:
        with TemporaryDirectory(prefix="sekisho-attack-") as folder:
            found = list(_attacked(options, authored, offered, engine, Path(folder)))
    finally:
        engine.close()
    if options.format == "json":
        _show_json(options, authored.contract, found)
    else:
        for item in found:
            _show(item)
    return DONE


def _attacked(  # noqa: PLR0917  what one run stands on
    options: argparse.Namespace,
    authored: AuthoredContract,
    offered: Offered,
    engine: WorkerPool,
    folder: Path,
) -> "Iterator[Attacked]":
    from sekisho.server.rehearsal.ground import Ground, describe_offer
    from sekisho.server.rehearsal.playing import attack_all
    from sekisho.server.rehearsal.stage import Stage

    stage = Stage(authored, folder)
    offer = describe_offer(offered.provider, offered.configs, root=offered.root, engine=engine)
    consumer = stage.signed.consumers[0]
    for grant in authored.contract.grants:
        for dataset in grant.datasets_of(offered.provider):
            if dataset not in offer.datasets:
                continue
            if not grant.is_served:
                say(f"grant {grant.grant}: `{grant.access}` is not answered by this release")
                continue
            ground = Ground(
                stage, grant, dataset, offer=offer, engine=engine, secret=options.secret or ""
            )
            say(f"attacking {dataset} under the grant {grant.grant} …")
            outcomes = attack_all(
                ground,
                consumer,
                seed=options.seed,
                queries=options.queries,
                at_once=os.cpu_count() or 1,
                rules=offered.rules,
            )
            yield Attacked(ground=ground, outcomes=outcomes)


def _show(item: Attacked) -> None:
    """Print a table for each secret, what each attack does, and the verdict."""
    ground = item.ground
    known = ground.truths[0].known if ground.truths else None
    print(f"grant {ground.grant.grant}, dataset {ground.dataset}")
    if known is None:
        print("nothing in it is secret: name one with --secret\n")
        return
    alone = sum(1 for _ in known.alone())
    of = f" of {len(ground.names)} {ground.unit}" if ground.unit else ""
    print(f"{len(known.rows)} rows{of}, {alone} alone with what is known of everybody:")
    print(", ".join(column.name for column in known.columns) or "nothing")
    for secret in dict.fromkeys(outcome.secret for outcome in item.outcomes):
        print(f"\nsecret: {secret.name}")
        rows = [_cells(outcome) for outcome in item.outcomes if outcome.secret == secret]
        write_table(_COLUMNS, rows, sys.stdout)
    print()
    for name, words in {o.attack.name: o.attack.explains for o in item.outcomes}.items():
        print(f"{name}: {words}")
    print()
    for line in _verdict(item):
        print(line)
    print()


def _cells(outcome: "Outcome") -> list[str]:
    score = outcome.score
    numbers = (outcome.queries, outcome.refused, outcome.withheld, score.stated, score.recovered)
    return [
        outcome.attack.name,
        outcome.by.value,
        *map(str, numbers),
        str(score.of),
        f"{score.chance:.1f}",
        str(outcome.unprotected),
    ]


def _verdict(item: Attacked) -> Iterator[str]:
    """Say in plain words what stands open, and which terms would help."""
    refused = next((o.refusal for o in item.outcomes if o.refusal is not None), None)
    if refused is not None:
        yield f"queries were refused, the first with {refused.reason}: {refused.message}"
    found = [outcome for outcome in item.outcomes if outcome.score.is_beyond_chance]
    if not found:
        yield "verdict: no attack recovers more than chance does"
        return
    for outcome in found:
        score = outcome.score
        yield (
            f"open: {outcome.attack.name}, read by {outcome.by.value}: {score.recovered} of"
            f" {score.of} recovered, {score.chance:.1f} by chance"
        )
    yield "what would help:"
    yield from (f"- {term}" for term in _helps(found))


def _helps(outcomes: "Sequence[Outcome]") -> dict[str, None]:
    return dict.fromkeys(term for item in outcomes for term in item.attack.helps.get(item.by, ()))


def _show_json(options: argparse.Namespace, contract: Contract, found: Sequence[Attacked]) -> None:
    document = {
        "contract": contract.title,
        "seed": options.seed,
        "queries": options.queries,
        "attacks": [_row(item.ground, outcome) for item in found for outcome in item.outcomes],
        "verdicts": [
            {
                "grant": item.ground.grant.grant,
                "dataset": item.ground.dataset,
                "says": list(_verdict(item)),
                "helps": list(_helps([o for o in item.outcomes if o.score.is_beyond_chance])),
            }
            for item in found
        ],
    }
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def _row(ground: "Ground", outcome: "Outcome") -> dict[str, object]:
    score = outcome.score
    return {
        "grant": ground.grant.grant,
        "dataset": ground.dataset,
        "unit": ground.unit,
        "secret": outcome.secret.name,
        "attack": outcome.attack.name,
        "explains": outcome.attack.explains,
        "by": outcome.by.value,
        "queries": outcome.queries,
        "refused": outcome.refused,
        "withheld": outcome.withheld,
        "stated": score.stated,
        "recovered": score.recovered,
        "of": score.of,
        "chance": round(score.chance, 2),
        "unprotected": outcome.unprotected,
        "open": score.is_beyond_chance,
    }
