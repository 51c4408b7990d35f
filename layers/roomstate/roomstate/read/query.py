"""The query string of a request, read strictly: what it may mean in two ways is refused.

API Gateway hands it over twice, as it came and parsed. Parsed, a parameter that is repeated cannot be told
from one that holds a comma, so it is read as it came.
"""

import re
from urllib.parse import unquote_to_bytes

from roomstate.read.errors import Code, Refused

SIGNATURE = "X-Amz-"
"""How the parameters begin that sign a URL. API Gateway has looked at them; here they mean nothing."""

_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def parse_query(raw: str) -> dict[str, str]:
    """The parameters of a query string, decoded.

    Raises:
        Refused: a parameter is repeated, or is not in UTF-8, percent-encoded.
    """
    parameters: dict[str, str] = {}
    for pair in raw.split("&"):
        if not pair:
            continue
        encoded, _, value = pair.partition("=")
        name = _decode(encoded, "The name of a parameter")
        if name.startswith(SIGNATURE):
            continue
        label = f"The parameter {_quoted(name)}"
        if name in parameters:
            raise Refused(Code.PARAMETER_INVALID, f"{label} is there more than once.")
        parameters[name] = _decode(value, label)
    return parameters


def unknown_parameter(name: str) -> Refused:
    return Refused(Code.PARAMETER_INVALID, f"The parameter {_quoted(name)} is not one of this route.")


def _decode(encoded: str, label: str) -> str:
    # What is no text can reach the function as lone surrogates.
    octets = encoded.replace("+", " ").encode(errors="surrogatepass")
    if _BROKEN.search(octets):
        raise Refused(Code.PARAMETER_INVALID, f"{label} has a % without two hexadecimal digits after it.")
    try:
        return unquote_to_bytes(octets).decode()
    except UnicodeDecodeError:
        raise Refused(Code.PARAMETER_INVALID, f"{label} is not UTF-8.") from None


def _quoted(name: str) -> str:
    """A name that a stranger gave, short and on one line."""
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return shown if shown.isprintable() and '"' not in shown else ascii(shown)


_SHOWN = 40
