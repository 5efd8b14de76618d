"""Changes what schemathesis makes up, before it is sent.

Every address becomes the mock provider's, so that nothing leaves this machine. Whole numbers are written without a fraction: JSON Schema takes
1.0 for an integer, programs that read JSON rarely do.
"""

import os

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    case.body = tamed(case.body)


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return str(value).encode("utf-8", "replace")


def tamed(value):
    if isinstance(value, dict):
        return {name: tamed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [tamed(item) for item in value]
    if isinstance(value, str) and value.lower().startswith(("http:", "https:")):
        return os.environ["MOCK_URL"]
    if isinstance(value, str) and value.lower().startswith("socks5"):
        return ""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
