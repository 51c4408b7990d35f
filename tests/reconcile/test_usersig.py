"""The UserSig, against the one that Tencent's own code makes."""

import json
import zlib
from base64 import b64decode
from typing import Any

from roomstate.reconcile.usersig import usersig
from tests.reconcile.world import SECRET_KEY

# Made with Tencent's TLSSigAPIv2.py at a fixed time; the key is the sample in Tencent's repository.
OFFICIAL = (
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqUsTAzgQuW"
    "ZOaChAzN0RQXZ6aDLKn0cUzVLjcPD00NLS1MCrPM0A*JMLcoNTLMD3HP1M60jCowLDUOKMiLNDOwVaoFAD4PNPI_"
)
SDK_APP_ID = 1_400_000_000


def read(sig: str) -> Any:
    """What is in a UserSig. The string itself depends on the build of zlib and on JSON's blanks."""
    return json.loads(zlib.decompress(b64decode(sig.replace("*", "+").replace("-", "/").replace("_", "="))))


def test_it_holds_what_tencents_own_code_puts_into_it() -> None:
    # WHEN
    ours = read(usersig(SDK_APP_ID, "administrator", SECRET_KEY, 1_700_000_000, 86_400))
    # THEN
    assert ours == read(OFFICIAL)
    assert ours["TLS.sig"] == "yLAe+w7WUeUuqbV9h/TX78u21oTGi+i9Zp1u3PpnY60="


def test_it_has_no_character_that_tencent_replaces() -> None:
    sigs = "".join(usersig(SDK_APP_ID, f"ann{n}", SECRET_KEY, 1_700_000_000, n) for n in range(200))
    assert not set(sigs) & set("+/=")
    assert set("*-_") < set(sigs)


def test_each_part_of_it_is_signed() -> None:
    base = (SDK_APP_ID, "administrator", SECRET_KEY, 1_700_000_000, 300)
    others = [(SDK_APP_ID + 1, *base[1:]), (SDK_APP_ID, "ann", *base[2:]), (*base[:2], "key", *base[3:])]
    others += [(*base[:3], 1_700_000_001, 300), (*base[:4], 301)]
    sigs = {read(usersig(*arguments))["TLS.sig"] for arguments in (base, *others)}
    assert len(sigs) == 6
