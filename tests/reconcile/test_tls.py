"""Tencent's hosts alone, over TLS alone, verified."""

import os
import ssl
from pathlib import Path
from unittest.mock import patch

import pytest
from urllib3 import HTTPSConnectionPool

from local.tencent_cloud.server import serve
from roomstate.reconcile import rest
from roomstate.reconcile.answers import ROOM_INFO
from roomstate.reconcile.errors import Unreachable
from roomstate.reconcile.rest import ForeignHost, connect
from tests.reconcile.authority import Authority, looked_up_to
from tests.reconcile.wire import TENCENT, R, api, simulated_tencent


class TestHosts:
    @pytest.mark.parametrize(
        "host",
        [
            "console.tim.qq.com",
            "adminapisgp.im.qcloud.com",
            "adminapiusa.im.qcloud.com",
            "adminapiidn.im.qcloud.com",
            "adminapikr.im.qcloud.com",
            "adminapiger.im.qcloud.com",
            "a.b-c.im.qcloud.com",
        ],
    )
    def test_tencents_hosts_are_taken(self, host: str) -> None:
        pool = connect(host)._pool
        assert isinstance(pool, HTTPSConnectionPool)
        assert (pool.scheme, pool.host, pool.port) == ("https", host, 443)
        context = pool.conn_kw["ssl_context"]
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2

    @pytest.mark.parametrize(
        "host",
        [
            "",
            "im.qcloud.com",
            "tim.qq.com",
            ".im.qcloud.com",
            "a..im.qcloud.com",
            "-a.im.qcloud.com",
            "a-.im.qcloud.com",
            "evilim.qcloud.com",
            "a.evilim.qcloud.com",
            "a.im.qcloud.com.evil.com",
            "a.im.qcloud.comm",
            "aXim.qcloud.com",
            "a.imXqcloud.com",
            "evil.com/.im.qcloud.com",
            "evil.com#.im.qcloud.com",
            "evil.com?.im.qcloud.com",
            "evil.com\\.im.qcloud.com",
            "user@a.im.qcloud.com",
            "a.im.qcloud.com:444",
            "a.im.qcloud.com/",
            "https://a.im.qcloud.com",
            "a.im.qcloud.com\n",
            "\na.im.qcloud.com",
            "a.im.qcloud.com.",
            "A.im.qcloud.com",
            "ä.im.qcloud.com",
            "a\u3002im.qcloud.com",
            "a.im.qcloud.com a",
            "[::1].im.qcloud.com",
            "127.0.0.1",
            "localhost",
            "adminapisgp.my-imcloud.com",
        ],
    )
    def test_all_others_are_refused(self, host: str) -> None:
        with pytest.raises(ForeignHost, match=r"under im\.qcloud\.com or tim\.qq\.com") as raised:
            connect(host)
        assert not host or host in {"im.qcloud.com", "tim.qq.com"} or host not in str(raised.value)

    def test_no_proxy_of_the_environment_is_asked(self) -> None:
        with patch.dict(
            os.environ, {"HTTPS_PROXY": "http://evil.example:1", "ALL_PROXY": "http://evil.example:1"}
        ):
            assert connect(TENCENT)._pool.proxy is None


class TestTls:
    """The connection that is deployed, with the name looked up to this machine."""

    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path)

    def test_a_certificate_that_is_trusted_and_of_that_host(self, authority: Authority) -> None:
        with authority.serve(simulated_tencent(), TENCENT), authority.trusted():
            assert api(connect(TENCENT)).call(ROOM_INFO["live"], {"RoomId": R})["RoomInfo"]["RoomId"] == R

    def test_one_that_nobody_trusts(self, authority: Authority) -> None:
        simulated = simulated_tencent()
        with authority.serve(simulated, TENCENT), pytest.raises(Unreachable, match="connection"):
            api(connect(TENCENT)).call(ROOM_INFO["live"], {"RoomId": R})
        assert simulated.calls == []

    def test_one_of_another_host(self, authority: Authority) -> None:
        simulated = simulated_tencent()
        with (
            authority.serve(simulated, "console.tim.qq.com"),
            authority.trusted(),
            pytest.raises(Unreachable, match="connection"),
        ):
            api(connect(TENCENT)).call(ROOM_INFO["live"], {"RoomId": R})
        assert simulated.calls == []

    def test_a_server_that_speaks_no_tls(self) -> None:
        simulated = simulated_tencent()
        with serve(simulated) as port, looked_up_to(port), pytest.raises(Unreachable, match="connection"):
            api(connect(TENCENT)).call(ROOM_INFO["live"], {"RoomId": R})
        assert simulated.calls == []


def test_what_the_layer_holds_has_the_client_that_is_used() -> None:
    """urllib3 comes with botocore; no requirement of ours names it."""
    locked = (Path(__file__).parents[2] / "layers/dependencies/requirements.txt").read_text()
    version = next(line for line in locked.splitlines() if line.startswith("urllib3=="))
    assert int(version.removeprefix("urllib3==").split(".")[0]) >= 2


def test_nothing_deployed_makes_a_connection_but_connect() -> None:
    """So that no configuration can name another host, or a port, or plain HTTP."""
    package = Path(rest.__file__).parents[1]
    made = [path for path in package.rglob("*.py") if "Connection(" in path.read_text()]
    assert [path.name for path in made] == ["rest.py"]
    assert made[0].read_text().count("Connection(") == 1
