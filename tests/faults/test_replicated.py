"""A node of two replicas over PostgreSQL: a replica falls or stands still, or their server falls.

Here at some points of each kind; `make faults` strikes at all of them.
"""

import pytest

from faults.chapters import FROZEN, REPLICATED, SERVER_FALLS
from faults.replicated import ReplicatedCampaign
from support.postgres import running_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
STRIDE = 10
OTHER_STRIDE = 4


def test_a_node_of_two_replicas_that_is_struck_keeps_its_promises(tmp_path):
    killed = REPLICATED[::STRIDE]
    frozen, felled = FROZEN[::OTHER_STRIDE], SERVER_FALLS[::OTHER_STRIDE]
    with running_server() as server, ReplicatedCampaign(tmp_path, server) as campaign:
        campaign.kill_replicas(killed)
        campaign.freeze_replicas(frozen)
        campaign.fell_server(felled)
        report = campaign.finish()
    assert report.points == {point.name for point in killed} | {*frozen, *felled}
    assert report.struck == {
        "replica killed": len(killed),
        "replica frozen": len(frozen),
        "PostgreSQL killed": len(felled),
    }
