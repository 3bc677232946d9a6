"""A request that works, or would with an object that exists, for what people have of access beside
signing in: keys, sessions, the second factor.
"""

from typing import Final

from tests.journeys.examples import NOBODY, PAGE, Example

CODE: Final = {"code": "000000"}
EXAMPLES: Final = {
    "make_key": Example(
        "POST",
        "/auth/keys",
        body=CODE
        | {
            "name": "bot",
            "scopes": ["read"],
            "networks": ["192.0.2.0/24"],
            "expires_at": "2027-06-01T00:00:00Z",
            "kind": "signed",
        },
    ),
    "list_keys": Example("GET", "/auth/keys", PAGE),
    "revoke_key": Example("DELETE", f"/auth/keys/{NOBODY}"),
    "rotate_key": Example("POST", f"/auth/keys/{NOBODY}/rotate", body=CODE | {"overlap_s": 60}),
    "read_key_usage": Example("GET", f"/auth/keys/{NOBODY}/usage", {"window": "7d"}),
    "list_sessions": Example("GET", "/auth/sessions", PAGE),
    "end_session": Example("DELETE", f"/auth/sessions/{NOBODY}"),
    "end_sessions": Example("DELETE", "/auth/sessions", {"keep_current": "true"}),
    "enrol_second_factor": Example("POST", "/auth/totp", body={"password": "wrong"}),
    "confirm_second_factor": Example("POST", "/auth/totp/confirm", body=CODE),
    "remove_second_factor": Example("DELETE", "/auth/totp", body=CODE | {"password": "wrong"}),
    "renew_recovery_codes": Example("POST", "/auth/recovery-codes", body=CODE),
}
