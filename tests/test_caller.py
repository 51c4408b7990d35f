"""Who may send."""

import pytest

from roomstate.caller import Caller, authenticate
from roomstate.errors import UnknownApp

OURS = frozenset({"1400000001", "1400000002"})


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
    assert authenticate(query, OURS) == caller


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
        authenticate(query, OURS)
