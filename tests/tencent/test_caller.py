"""Who may send."""

import pytest

from roomstate.tencent.caller import Caller, identify
from roomstate.tencent.errors import UnknownApp
from roomstate.tencent.signature import Claim

OURS = frozenset({"1400000001", "1400000002"})


NOTHING = Claim.of([], [])


@pytest.mark.parametrize(
    ("query", "caller"),
    [
        ("SdkAppid=1400000001", Caller("1400000001", None, None, NOTHING)),
        (
            "OptPlatform=RESTAPI&CallbackCommand=Mic.X&contenttype=json&SdkAppid=1400000002&ClientIP=::1",
            Caller("1400000002", "Mic.X", "RESTAPI", NOTHING),
        ),
        ("sdkappid=1400000001&CALLBACKCOMMAND=C", Caller("1400000001", "C", None, NOTHING)),
        ("SdkAppId=1400000001&WebhookCommand=C", Caller("1400000001", "C", None, NOTHING)),
        ("SdkAppid=1400000001&OptPlatform=&CallbackCommand=", Caller("1400000001", None, None, NOTHING)),
        ("SdkAppid=1400000001&OptPlatform=a&OptPlatform=b", Caller("1400000001", None, None, NOTHING)),
        ("SdkAppid=1400000001&CallbackCommand=" + "x" * 257, Caller("1400000001", None, None, NOTHING)),
    ],
)
def test_taken(query: str, caller: Caller) -> None:
    assert identify(query, OURS) == caller


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
        identify(query, OURS)


@pytest.mark.parametrize(
    "query",
    [
        "SdkAppid=1400000001&Sign={sign}&RequestTime=1669872112",
        "REQUESTTIME=1669872112&sign={sign}&sdkappid=1400000001",
    ],
)
def test_what_is_signed_is_claimed(query: str) -> None:
    sign = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"
    assert identify(query.format(sign=sign), OURS).claim == Claim.of([sign], ["1669872112"])


@pytest.mark.parametrize(
    "query", ["Sign=a&Sign=b&RequestTime=1", "Sign=a&requesttime=1&RequestTime=1", "Sign=a", "RequestTime=1"]
)
def test_what_is_signed_twice_or_by_half_is_no_claim(query: str) -> None:
    assert "missing or repeated" in identify(f"SdkAppid=1400000001&{query}", OURS).claim.defect
