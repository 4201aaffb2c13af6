"""An instance that was replaced while it still runs ends as soon as a peer tells it so."""

from pathlib import Path

from core.frame import pack
from mesh.endpoints import endpoints
from mesh.protocol.codec import encode, type_number
from mesh.transport.sockets import Sockets
from mesh.transport.zmq_wire import OK
from schemas.config import RiskConfig
from schemas.errors import ExitStatus
from schemas.messages import HaltRequest
from schemas.streams import REQUEST_STREAM
from tests.integration.live import Operator, end, make_config, node, roles, until

ASKER = RiskConfig(id=5, market_data=(), execution=("md",), portfolio="pf")
NEWER_EPOCH = 99


def test_instance_that_a_newer_one_replaced_ends_fenced(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles() | {"asker": ASKER})
    ask = HaltRequest(False, "the newer instance asks")
    frame = pack(
        stream=REQUEST_STREAM,
        type=type_number(ask),
        sender=ASKER.id,
        epoch=NEWER_EPOCH,
        seq=1,
        payload=encode(ask),
    )
    sockets = Sockets()
    with node(tmp_path, "md"), node(tmp_path, "asker") as process, Operator(config) as operator:
        until(lambda: operator.status("asker").figures.values["acked"] > 0)
        newer = sockets.asker(endpoints(config, "md").answers, 10, 10)
        until(lambda: newer.wire.send(frame) == OK)
        status, errors = end(process)
        sockets.close()
    assert status == ExitStatus.FENCED
    assert errors.splitlines()[-1] == (
        "tickmesh agent asker: a newer instance of this agent runs: md knows it; stop one of them (exit status 77)"
    )
