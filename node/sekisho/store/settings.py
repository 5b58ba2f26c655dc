"""The node.yaml that a new node begins with, its comments included."""

from string import Template

_SETTINGS = Template("""\
# The settings of this node. Restart it after a change; `sekisho doctor` checks them.
format: sekisho.node/v1

# The company. Other companies know it by the fingerprint of member.json.
party: $party
$alias
# Where the two faces listen: other companies' nodes, and the company's own people and tools.
# `127.0.0.1` is for this machine alone, `0.0.0.0` for every network that it is on.
listen: {peers: "$peers", users: "$users"}

# Where other companies reach the peers' face; it stands in member.json too.
advertise: "$advertise"

# Everything durable: contracts, members, the ledger. Back this folder up. `sekisho state move`
# brings it to PostgreSQL, which several replicas of the node share.
state: sqlite:state/node.db

# How many days after the end of a contract the ledger still says what was asked under it. For ever
# where it is left out. An example:
#
# retention: {days_after_contract: 1095}

# What runs the queries, in processes of its own. `memory` and `threads` are for each of the
# workers, of which `workers` are kept ready; `seconds` is a query's time at most.
engine: {kind: duckdb, memory: 2GB, threads: 2, workers: 2, seconds: 600}

# What the company can offer, and what its own people can join with it. Nothing of it leaves
# before a contract grants it. `sekisho dataset check` reads every file. An example:
#
# datasets:
#   flights:
#     source: {parquet: data/flights.parquet}        # or {csv: FILE}, {duckdb: FILE, table: NAME}
#     description: Flights that left New York
#     tags: [operations]
#     privacy_units: [tail_number]                   # who is protected
#     columns:                                       # only those that there is something to say of
#       tail_number: {class: identifier}
#       departure_delay: {class: commercial, unit: min}
datasets: {}

# What this company demands of every contract over its datasets, by the classes and tags above. A
# contract below them is neither signed nor served. An example: [guardrails/personal-data.yaml]
guardrails: []
""")
_ALIAS = """\
# How the company likes to be called in queries, where it writes the contract.
alias: {alias}
"""


def settings_text(party: str, *, alias: str, peers: str, users: str, advertise: str) -> str:
    """Write the settings; whoever calls this has them read back before they are kept."""
    return _SETTINGS.substitute(
        party=party,
        alias=_ALIAS.format(alias=alias) if alias else "",
        peers=peers,
        users=users,
        advertise=advertise,
    )
