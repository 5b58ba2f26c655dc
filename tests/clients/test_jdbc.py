"""JDBC's Flight SQL driver at a users' face: it asks, binds, is refused, and lists.

`make jdbc` fetches the driver at the version that the Makefile pins. CI does not do so:
a JDK and Maven are much to install for one driver, so this is run by hand before a release.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from support.clients import token_of

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent
REFUSED = (
    'Error while executing SQL "SELECT note FROM flights": COLUMN_NOT_GRANTED: the column `note` '
    "is not granted (hint: ask the provider to grant it in an amendment)"
)


def driver() -> list[str]:
    """Find Java and the driver, or say what is missing."""
    java = shutil.which("javac") and shutil.which("java")
    jars = sorted((HERE / "jars").glob("flight-sql-jdbc-driver-*.jar"))
    if java and jars:
        opened = "--add-opens=java.base/java.nio=ALL-UNNAMED"
        return [java, opened, "-cp", str(jars[-1]), str(HERE / "FlightSql.java")]
    pytest.skip("run `make jdbc` first" if java else "no JDK is installed")


@pytest.mark.parametrize("way", ["token", "password"])
def test_jdbc_asks_binds_and_lists(pair, way):
    maker, token = pair.maker, token_of(pair.maker)
    shown = {"token": token} if way == "token" else {"user": "operator", "password": token}
    properties = {
        "tlsRootCerts": str(maker.folder.certificate("anchor")),
        "x-sekisho-contract": pair.contract,
        **shown,
    }
    arguments = [word for item in properties.items() for word in item]
    ran = subprocess.run(
        [*driver(), maker.config.listen.users, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "rows EWR 600",
        "rows JFK 600",
        "rows LGA 600",
        "bound 462",
        f"refused {REFUSED}",
        "product Sekisho",
        "transactions false",
        "most 0",
        "schema shared sekisho",
        "schema ua sekisho",
        "column sekisho ua flights departure_delay",
        "column sekisho ua flights origin",
        "column sekisho ua flights tail_number",
    ]
