"""Sessions begin, end elsewhere and are gone on: nobody loses their place, and nobody stays who has
left.
"""

from playwright.async_api import expect

from tests.conftest import PASSWORD
from tests.ui.conftest import Visit
from tests.ui.visitor import Visitor


async def end_sessions(visitor: Visitor) -> None:
    """All of this person's, as somebody does who lost a device; this page is not told."""
    url = f"{visitor.service.url}/api/v1/auth/sessions?keep_current=false"
    ended = await visitor.context.request.delete(url, headers={"origin": visitor.service.url})
    assert ended.ok, await ended.text()


async def test_whoever_signs_in_again_goes_on_where_they_were(visitor: Visitor) -> None:
    page = visitor.page
    email = await visitor.sign_up()
    await visitor.go("/tax?tab=harvest&year=2024&jurisdiction=us")
    await expect(page.get_by_role("tab", name="Harvest", selected=True)).to_be_visible()
    place = page.url
    await end_sessions(visitor)

    await page.get_by_label("Rules of").select_option("de")
    await expect(page.get_by_text("Sign in, and you go on where you were.")).to_be_visible()
    assert "next=%2Ftax" in page.url
    await visitor.enter(email)
    await expect(visitor.heading("Tax")).to_be_visible()
    await expect(page).to_have_url(place.replace("=us", "=de"))
    await expect(page.get_by_role("tab", name="Harvest", selected=True)).to_be_visible()
    await expect(page.get_by_label("Tax year from")).to_have_value("2024")
    await expect(page.get_by_label("Rules of")).to_have_value("de")
    await visitor.is_live()


async def test_two_tabs_are_one_session(visitor: Visitor) -> None:
    first = visitor.page
    email = await visitor.sign_up()
    await visitor.go("/account?tab=sessions")
    await expect(first.get_by_role("table", name="Sessions")).to_contain_text("this one")
    second = await visitor.context.new_page()
    await second.goto(f"{visitor.service.url}/portfolio")
    await second.get_by_role("button", name=f"Signed in as {email}").click()
    await second.get_by_role("menuitem", name="Sign out").click()
    await expect(second.get_by_role("form", name="Sign in")).to_be_visible()

    await first.get_by_role("tab", name="API keys").click()
    await expect(first.get_by_role("form", name="Sign in")).to_be_visible()
    await visitor.enter(email)
    await expect(first.get_by_role("tab", name="API keys", selected=True)).to_be_visible()
    await second.bring_to_front()
    await second.goto(f"{visitor.service.url}/account?tab=sessions")
    await expect(second.get_by_role("button", name=f"Signed in as {email}")).to_be_visible()


async def test_signed_out_everywhere_else_means_everywhere_else(visit: Visit) -> None:
    """Three devices; the one that says so stays."""
    here, there, elsewhere = [await visit() for _ in range(3)]
    email = await here.sign_up()
    for other in (there, elsewhere):
        await other.sign_in(email)
        await other.go("/imports")
        await expect(other.heading("Imports")).to_be_visible()
    await here.go("/account?tab=sessions")
    sessions = here.page.get_by_role("table", name="Sessions").get_by_role("row")
    await expect(sessions).to_have_count(1 + 3)
    await here.page.get_by_role("button", name="Sign out all others").click()
    await expect(here.page.get_by_text("2 sessions ended")).to_be_visible()
    await expect(sessions).to_have_count(1 + 1)

    for other in (there, elsewhere):
        await other.page.get_by_role("link", name="Data quality").first.click()
        await expect(other.page.get_by_role("form", name="Sign in")).to_be_visible()
    assert (await here.ask("/auth/me"))["email"] == email


async def test_a_wrong_password_is_said_and_what_was_typed_stays(visitor: Visitor) -> None:
    page = visitor.page
    email = await visitor.sign_up()
    await end_sessions(visitor)
    await visitor.go("/portfolio?range=1m")
    await visitor.enter(email, "not the right words")
    refusal = page.get_by_role("alert")
    await expect(refusal).to_contain_text("E-mail address or password is wrong")
    await expect(page.get_by_label("E-mail address")).to_have_value(email)
    assert "next=" in page.url
    await visitor.enter(email, PASSWORD)
    await expect(visitor.heading("Portfolio")).to_be_visible()
    assert page.url.endswith("/portfolio?range=1m")
