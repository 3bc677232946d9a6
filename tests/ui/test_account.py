"""One's own account: a second factor, set up with what a phone reads off the screen."""

import base64
import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Locator, expect

from plimsoll.access.domain.totp import hotp, step_at
from tests.conftest import PASSWORD
from tests.ui.conftest import Visit
from tests.ui.visitor import PHONE, Visitor

LONG = f"{'long+' * 10}{{}}@{'a-long-name.' * 8}example.org"
"""A code of many modules: what is not a letter takes three characters of the address."""
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
QUIET = """svg => {
    const whole = svg.viewBox.baseVal, dark = svg.querySelector('path').getBBox()
    return [dark.x - whole.x, dark.y - whole.y,
        whole.x + whole.width - dark.x - dark.width, whole.y + whole.height - dark.y - dark.height]
}"""


async def read_qr(picture: Locator) -> str:
    """By a reader that knows nothing of who drew it, and takes dark on light only."""
    seen = Image.open(io.BytesIO(await picture.screenshot())).convert("L")
    found = zxingcpp.read_barcode(seen, formats=QR, try_invert=False)
    assert found is not None, "nothing to read"
    return found.text


async def begin(visitor: Visitor) -> Locator:
    """The dialog with the secret."""
    await visitor.go("/account?tab=security")
    await visitor.page.get_by_role("button", name="Set it up").click()
    dialog = visitor.page.get_by_role("dialog", name="Set up a second factor")
    await dialog.get_by_label("Your password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Go on").click()
    return dialog


@pytest.mark.parametrize(
    ("look", "name"),
    [
        pytest.param({"color_scheme": "dark"}, "{}@example.org", id="dark"),
        pytest.param({"color_scheme": "light"}, LONG, id="light, a long address"),
        pytest.param({"color_scheme": "dark", **PHONE}, "{}@example.org", id="phone"),
    ],
)
async def test_a_second_factor_is_set_up_by_what_a_phone_reads(
    visit: Visit, look: dict[str, Any], name: str
) -> None:
    visitor = await visit(**look)
    page = visitor.page
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    email = await visitor.sign_up(name.format(uuid4().hex[:12]))
    dialog = await begin(visitor)

    picture = dialog.get_by_role("img", name="QR code of the secret")
    await expect(picture).to_be_visible()
    assert await picture.evaluate(QUIET) == [4, 4, 4, 4]
    address = await read_qr(picture)
    link = dialog.get_by_role("link", name="open it directly")
    assert address == await link.get_attribute("href")
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path).endswith(f":{email}")
    [secret] = parse_qs(parts.query)["secret"]
    await dialog.get_by_role("button", name="Copy", exact=True).first.click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied.replace(" ", "") == secret
    assert await visitor.accessibility_faults() == []
    assert not await visitor.scrolls_sideways()

    key, step = base64.b32decode(secret), step_at(datetime.now(UTC))
    await dialog.get_by_label("The code that the app shows now").fill(hotp(key, step))
    await dialog.get_by_role("button", name="Confirm").click()
    await expect(dialog.get_by_label("Recovery codes")).to_be_visible()
    await dialog.get_by_role("button", name="I have kept them").click()
    await expect(page.get_by_text("10 recovery codes left")).to_be_visible()

    await visitor.context.clear_cookies()
    await visitor.go("/account?tab=security")
    await visitor.enter(email)
    await page.get_by_label("Code of your second factor").fill(hotp(key, step + 1))
    form = page.get_by_role("form", name="Sign in")
    await form.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("10 recovery codes left")).to_be_visible()
