"""A JavaScript client on both faces, of gRPC's and Arrow's own packages.

`make clients` installs them at the versions that `package.json` pins.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.clients import token_of
from support.nodes import contract_text

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent
PROTOS = HERE.parents[1] / "proto"
SQL = "SELECT origin, count(*) AS n FROM flights GROUP BY origin ORDER BY origin"
BY_ORIGIN = [{"origin": name, "n": 600} for name in ("EWR", "JFK", "LGA")]


def command() -> list[str]:
    """Find the client, or say what is missing: loudly where everything must run."""
    node = shutil.which("node")
    if node is not None and (HERE / "node_modules" / "apache-arrow").is_dir():
        return [node, str(HERE / "flight_sql.mjs")]
    missing = "node is not installed" if node is None else "run `make clients` first"
    if os.environ.get("CI"):
        pytest.fail(f"the JavaScript client is not there: {missing}")
    pytest.skip(missing)


@pytest.fixture(scope="module", params=["users", "peers"])
def asked(request, pair, tmp_path_factory):
    """Ask as a user at its own node, and as a partner at the provider's."""
    client = command()
    maker, ua = pair.maker, pair.ua
    if request.param == "users":
        face = {
            "host": maker.config.listen.users,
            "ca": str(maker.folder.certificate("anchor")),
            "token": token_of(maker),
            "contract": pair.contract,
        }
    else:
        extra = contract_text(extra="evidence: {requests: tls}")
        face = {
            "host": ua.config.listen.peers,
            "ca": str(ua.folder.certificate("anchor")),
            "certificate": str(maker.folder.certificate("tls")),
            "key": str(maker.folder.key("tls")),
            "contract": pair.companies.agree(extra),
        }
    path = tmp_path_factory.mktemp("javascript") / "options.json"

    def ask(**wanted):
        path.write_text(json.dumps({**face, **wanted, "protos": str(PROTOS)}))
        ran = subprocess.run(
            [*client, str(path)], capture_output=True, text=True, timeout=60, check=False
        )
        return json.loads(ran.stdout)

    return ask


def test_javascript_asks(asked):
    assert asked(sql=SQL) == BY_ORIGIN


def test_javascript_lists_tables(asked):
    assert "flights" in {item["table_name"] for item in asked(tables=True)}


def test_javascript_is_told_why_not(asked):
    said = asked(sql="SELECT note FROM flights")["error"]
    assert said.startswith("COLUMN_NOT_GRANTED: the column `note` is not granted (hint: ask")
