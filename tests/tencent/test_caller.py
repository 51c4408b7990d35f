"""Who may send."""

import pytest

from roomstate.tencent.caller import Caller, authenticate
from roomstate.tencent.errors import BadSignature, UnknownApp
from roomstate.tencent.signature import sign
from tests.payloads import NOW

OURS = frozenset({"1400000001", "1400000002"})


def unsigned(_: str) -> tuple[str, ...]:
    return ()


@pytest.mark.parametrize(
    ("query", "caller"),
    [
        ("SdkAppid=1400000001", Caller("1400000001", None, None)),
        (
            "OptPlatform=RESTAPI&CallbackCommand=Mic.X&contenttype=json&SdkAppid=1400000002&ClientIP=::1",
            Caller("1400000002", "Mic.X", "RESTAPI"),
        ),
        ("sdkappid=1400000001&CALLBACKCOMMAND=C", Caller("1400000001", "C", None)),
        ("SdkAppId=1400000001&WebhookCommand=C", Caller("1400000001", "C", None)),
        ("SdkAppid=1400000001&OptPlatform=&CallbackCommand=", Caller("1400000001", None, None)),
        ("SdkAppid=1400000001&OptPlatform=a&OptPlatform=b", Caller("1400000001", None, None)),
        ("SdkAppid=1400000001&CallbackCommand=" + "x" * 257, Caller("1400000001", None, None)),
    ],
)
def test_taken(query: str, caller: Caller) -> None:
    assert authenticate(query, NOW, OURS, unsigned) == caller


@pytest.mark.parametrize(
    "query",
    [
        "",
        "CallbackCommand=x",
        "SdkAppid=",
        "SdkAppid",
        "SdkAppid=1400000003",
        "SdkAppid=01400000001",
        "SdkAppid=+1400000001",
        "SdkAppid=1400000001%20",
        "SdkAppid=1400000001%2C1400000002",
        "SdkAppid=%D9%A1400000001",
        "SdkAppid=1400000001&SdkAppid=1400000001",
        "SdkAppid=1400000001&sdkappid=666",
        "SdkAppid=1400000001&SdkAppId=1400000002",
        "SdkAppid=1400000001" + "&a=b" * 32,
    ],
)
def test_refused(query: str) -> None:
    with pytest.raises(UnknownApp):
        authenticate(query, NOW, OURS, unsigned)


TOKENS = {"1400000001": ("new", "old"), "1400000002": ()}


class TestSigned:
    """One app that signs, and one that does not."""

    TIME = str(NOW // 1000)

    def authenticate(self, app: str, token: str) -> Caller:
        query = f"RequestTime={self.TIME}&SdkAppid={app}&Sign={sign(token, self.TIME)}"
        return authenticate(query, NOW, OURS, TOKENS.__getitem__)

    @pytest.mark.parametrize("token", ["new", "old"])
    def test_either_token_of_an_app_will_do(self, token: str) -> None:
        assert self.authenticate("1400000001", token).sdk_app_id == "1400000001"

    def test_no_other_will(self) -> None:
        with pytest.raises(BadSignature):
            self.authenticate("1400000001", "older")

    def test_an_app_without_tokens_need_not_sign(self) -> None:
        assert self.authenticate("1400000002", "whatever").sdk_app_id == "1400000002"
        unsigned_query = "SdkAppid=1400000002"
        assert authenticate(unsigned_query, NOW, OURS, TOKENS.__getitem__).sdk_app_id == "1400000002"

    def test_an_app_with_tokens_must(self) -> None:
        with pytest.raises(BadSignature, match="missing"):
            authenticate("SdkAppid=1400000001", NOW, OURS, TOKENS.__getitem__)

    def test_who_is_not_ours_is_not_asked_to_sign(self) -> None:
        with pytest.raises(UnknownApp):
            self.authenticate("1400000003", "new")
