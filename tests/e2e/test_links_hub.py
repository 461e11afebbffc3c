"""Links where the browser is on another machine: behind a reverse proxy, and in a real JupyterHub.

The browser knows the kernel's machine by a name alone, and on its own loopback a stranger listens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import trustme
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.e2e.conftest import FLAGS, Lab, find_chromium, wait_until
from tests.e2e.hosts import (
    HOST,
    PLAIN,
    Elsewhere,
    Hub,
    Impostor,
    lab_behind_proxy,
    need,
    need_entry_point,
    reverse_proxy,
    running_hub,
)
from tests.e2e.links import BENCH, QUIET, holds_all, row, show, uses

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

Folders = pytest.TempPathFactory
PASSWORD = "of-the-test"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    machine = Elsewhere()
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def far_browser(
    browser: Browser, playwright: Playwright, elsewhere: Elsewhere
) -> Iterator[Browser]:
    """A browser of another machine. ``browser`` skips where there is no Chromium."""
    opened = playwright.chromium.launch(
        executable_path=find_chromium(), args=[*FLAGS, *elsewhere.flags()]
    )
    yield opened
    opened.close()


@pytest.fixture
def page(far_browser: Browser) -> Iterator[Page]:
    context = far_browser.new_context(
        viewport={"width": 1280, "height": 900}, ignore_https_errors=True
    )
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def proxied_lab(browser: Browser, tmp_path_factory: Folders) -> Iterator[Lab]:
    """Behind a reverse proxy, with jupyter-server-proxy."""
    need("jupyter_server_proxy")
    folder, home = tmp_path_factory.mktemp("proxied"), tmp_path_factory.mktemp("home")
    with lab_behind_proxy(folder, home) as lab:
        yield lab


@pytest.fixture(scope="module")
def https_lab(proxied_lab: Lab, tmp_path_factory: Folders) -> Iterator[Lab]:
    """The same behind one more proxy, which has a certificate of the tests' own."""
    home = tmp_path_factory.mktemp("https")
    certificate = trustme.CA().issue_cert(HOST)
    key, chain = home / "key.pem", home / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(chain, append=bool(number))
    own = proxied_lab.url.replace(HOST, "127.0.0.1").partition("/user/")[0]
    with reverse_proxy(own, home, f"--ssl-key={key}", f"--ssl-cert={chain}") as port:
        yield Lab(f"https://{HOST}:{port}/user/me/", proxied_lab.token, proxied_lab.folder)


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: Folders) -> Iterator[Hub]:
    """A real JupyterHub."""
    need("jupyterhub", "jupyter_server_proxy")
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


def sign_in(hub: Hub, page: Page, user: str) -> Lab:
    """Sign a user in; the user's JupyterLab runs then."""
    name = page.locator("input[name=username]")

    def is_asked() -> bool:
        # The proxy in front may answer before the hub behind it does.
        page.goto(f"{hub.url}hub/login")
        return name.count() > 0

    wait_until(is_asked, "the hub's page to sign in")
    name.fill(user)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("#login_submit").click()
    page.wait_for_url(f"**/user/{user}/lab**", timeout=240_000)
    lab = hub.lab_of(user)
    wait_until(lab.folder.is_dir, "the user's home")
    return lab


def said_nothing_to_a_stranger(elsewhere: Elsewhere, token: str) -> None:
    """Nothing was dialled on the browser's own machine, and least of all the token."""
    heard = b"\n".join(elsewhere.heard).decode("latin-1")
    assert token not in heard
    assert "/ws" not in heard
    assert "127.0.0.1" not in heard


def token_of(page: Page) -> str:
    token = Lab.evaluate(page, "print(bench.token)")
    assert len(token) >= 32
    return token


def test_on_a_hub_without_the_proxy_it_is_simply_there_and_dials_nobody(
    hub: Hub, page: Page, elsewhere: Elsewhere
) -> None:
    dashboard = show(sign_in(hub, page, PLAIN), page, "plain.ipynb")
    uses(dashboard, "widget messages")
    expect(row(dashboard, "direct")).to_contain_text("not this machine")
    proxy = row(dashboard, "proxy")
    expect(proxy).to_contain_text("not installed")
    expect(proxy).to_contain_text("the Jupyter server answered 404")
    expect(proxy).to_contain_text("pip install jupyter-server-proxy")
    expect(dashboard.get_by_role("button", name="Open page")).to_have_count(0)
    run = "run = bench.run({'endless': 'sleep 600'})"
    Lab.evaluate(page, run)
    dashboard.get_by_role("button", name="Cancel").first.click()
    wait_until(lambda: Lab.evaluate(page, "print(run.jobs[0].status)") == "cancelled", "the cancel")
    holds_all(page)
    said_nothing_to_a_stranger(elsewhere, token_of(page))


def test_another_notebook_of_a_hub_connects_by_the_hub_s_address_and_shows_what_it_sees(
    hub: Hub, page: Page
) -> None:
    """Jupyter's token is the kernel's own, which the hub has put into its environment."""
    lab = sign_in(hub, page, "me")
    show(lab, page, "original.ipynb", QUIET)
    port, token = Lab.evaluate(page, "print(bench.server.port, bench.token)").split()
    url = f"{hub.url.replace(HOST, '127.0.0.1')}user/me/proxy/{port}/"
    lab.write(
        "reader.ipynb",
        f"import autobench_nb as ab\nclient = await ab.connect({url!r}, {token!r})",
        "ab.Dashboard(client)",
    )
    other = page.context.new_page()
    lab.open(other, "reader.ipynb")
    lab.run_all(other)
    dashboard = other.locator(".ab-dash")
    uses(dashboard, "proxy")
    Lab.evaluate(page, "run = bench.run({'endless': 'sleep 600'})")
    waited = "client.wait_for(lambda one: one.jobs.running, 30)[0]"
    cancelled = f"client.jobs.cancel({waited})"
    assert (
        Lab.evaluate(other, f"import asyncio; print(await asyncio.to_thread(lambda: {cancelled}))")
        == "True"
    )
    expect(dashboard.locator(".ab-run-line").first).to_contain_text("cancelled")
    with page.context.expect_page() as opened:
        dashboard.get_by_role("button", name="Open page").click()
    expect(opened.value.locator(".ab-badge")).to_contain_text("live")
    Lab.evaluate(page, "bench.close()")
    wait_until(lambda: Lab.evaluate(other, "print(client.is_stale)") == "True", "a stale client")
    other.close()


def test_behind_a_forwarded_port_the_page_s_own_loopback_is_told_nothing(
    lab: Lab, playwright: Playwright
) -> None:
    """As ``ssh -L 8888:localhost:8888``: Jupyter stands on loopback for the browser, and the server's port does not.

    Somebody else has that port there, answers as a server would, and keeps all that it hears.
    """
    need("jupyter_server_proxy")
    impostor = Impostor()
    far = playwright.chromium.launch(
        executable_path=find_chromium(), args=[*FLAGS, *impostor.flags("localhost")]
    )
    try:
        page = far.new_page()
        at_localhost = Lab(lab.url.replace("127.0.0.1", "localhost"), lab.token, lab.folder)
        dashboard = show(at_localhost, page, "forwarded.ipynb")
        expect(row(dashboard, "direct")).to_contain_text("cannot show that it is the server")
        uses(dashboard, "proxy")
        with page.context.expect_page() as opened:
            dashboard.get_by_role("button", name="Open page").click()
        expect(opened.value.locator(".ab-badge")).to_contain_text("live")
        assert opened.value.url.startswith(at_localhost.url)
        port, token = Lab.evaluate(page, "print(bench.server.port, bench.token)").split()
        holds_all(page)
    finally:
        far.close()
        impostor.close()
    heard = b"\n".join(impostor.heard).decode("latin-1")
    assert f"127.0.0.1:{port}" in heard, "the page has tried"
    assert "nonce=" in heard
    assert token not in heard
    assert "hello" not in heard


def test_a_burst_costs_the_user_s_own_prints_nothing_and_no_line_is_lost(
    hub: Hub, page: Page
) -> None:
    lab = sign_in(hub, page, PLAIN)
    lab.write(
        "burst.ipynb",
        QUIET,
        "bench",
        "import threading, time\n"
        "def burst():\n"
        "    for n in range(30_000):\n"
        "        bench.log('flood').info(f'a line of the flood, with some text in it: {n}')\n"
        "        if n % 100 == 99:\n"
        "            time.sleep(0.01)\n"
        "flood = threading.Thread(target=burst)\nflood.start()\n"
        "for n in range(600):\n    print('my own line', n)\n    time.sleep(0.005)\n"
        "flood.join()\nstop = threading.Event()",
    )
    lab.open(page, "burst.ipynb")
    lab.run_all(page)
    printed = page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets
            .map((cell) => JSON.stringify(cell.model.outputs?.toJSON() ?? '')).join('')"""
    )
    assert [n for n in range(600) if f"my own line {n}\\" not in printed] == []
    assert "rate exceeded" not in printed
    holds_all(page)


def test_through_the_proxy_it_is_live_and_its_page_opens_signed_in(
    proxied_lab: Lab, page: Page, elsewhere: Elsewhere
) -> None:
    dashboard = show(proxied_lab, page, "proxied.ipynb")
    uses(dashboard, "proxy")
    token = token_of(page)
    with page.context.expect_page() as opened:
        dashboard.get_by_role("button", name="Open page").click()
    other = opened.value
    expect(other.locator(".ab-badge")).to_contain_text("live")
    expect(other.locator(".ab-badge")).to_contain_text("proxy")
    assert re.fullmatch(rf"http://{HOST}:\d+/user/me/proxy/\d+/", other.url)
    assert not [one for one in page.context.cookies() if "autobench" in str(one.get("name"))]
    other.reload()
    expect(other.locator(".ab-badge")).to_contain_text("live")
    other.close()
    holds_all(page)
    said_nothing_to_a_stranger(elsewhere, token)


def test_behind_https_it_is_live_through_the_proxy_and_by_widget_messages(
    https_lab: Lab, page: Page, elsewhere: Elsewhere
) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda one: sockets.append(one.url))
    dashboard = show(https_lab, page, "https.ipynb")
    uses(dashboard, "proxy")
    assert [url for url in sockets if not url.startswith("wss://")] == []
    assert any("/proxy/" in url for url in sockets)
    expect(row(dashboard, "direct")).to_contain_text("not this machine")
    with page.context.expect_page() as opened:
        dashboard.get_by_role("button", name="Open page").click()
    expect(opened.value.locator(".ab-badge")).to_contain_text("live")
    assert opened.value.url.startswith(f"{https_lab.url}proxy/")
    opened.value.close()
    row(dashboard, "widget messages").get_by_role("radio").check()
    uses(dashboard, "widget messages")
    holds_all(page)
    said_nothing_to_a_stranger(elsewhere, token_of(page))


def test_a_page_that_a_setting_keeps_out_says_which_one(proxied_lab: Lab, page: Page) -> None:
    """Through the proxy by hand, of a server that no notebook shows."""
    proxied_lab.write("refused.ipynb", QUIET, "server = bench.serve()")
    proxied_lab.open(page, "refused.ipynb")
    proxied_lab.run_all(page)
    port = Lab.evaluate(page, "print(server.port)")
    page.goto(f"{proxied_lab.url}proxy/{port}/")
    expect(page.locator("main")).to_contain_text("AUTOBENCH_ALLOWED_HOSTS")


def test_the_launcher_s_tile_opens_the_standalone_page_signed_in(
    proxied_lab: Lab, page: Page
) -> None:
    need_entry_point()
    proxied_lab.write("tile.ipynb", "")
    proxied_lab.open(page, "tile.ipynb")
    Lab.execute(page, "launcher:create")
    tile = page.locator(".jp-LauncherCard").filter(has_text="AutoBench")
    with page.context.expect_page() as opened:
        tile.first.click()
    other = opened.value
    expect(other.locator(".ab-badge")).to_contain_text("live")
    expect(other.locator(".ab-badge")).to_contain_text("proxy")
    assert other.url.endswith("/user/me/autobench/")


def test_on_a_hub_with_the_proxy_it_is_simply_there(
    hub: Hub, page: Page, elsewhere: Elsewhere
) -> None:
    lab = sign_in(hub, page, "me")
    dashboard = show(lab, page, "hub.ipynb", BENCH)
    uses(dashboard, "proxy")
    with page.context.expect_page() as opened:
        dashboard.get_by_role("button", name="Open page").click()
    other = opened.value
    expect(other.locator(".ab-badge")).to_contain_text("live")
    other.close()
    row(dashboard, "widget messages").get_by_role("radio").check()
    uses(dashboard, "widget messages")
    holds_all(page)
    said_nothing_to_a_stranger(elsewhere, token_of(page))
