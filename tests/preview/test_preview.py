"""The preview in a real browser: what is saved is seen, where one had scrolled to; what fails is shown."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest

from kpilib.errors import SettingsError
from kpilib.preview.selection import Selection
from kpilib.preview.serve import serve

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 60_000


def start(root: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "kpilib", "preview", *arguments],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate()[1])
    return process, line.split()[0]


Save = Callable[..., None]


@pytest.fixture(scope="module")
def served(desk_workspace: Path) -> Iterator[tuple[int, str]]:
    process, address = start(desk_workspace, "P1", "2026Q3", "--port", "0")
    yield process.pid, address
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0


@pytest.fixture(scope="module")
def page(served: tuple[int, str]) -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 500})
        page.set_default_timeout(PATIENCE)
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(served[1])
        page.wait_for_selector("body[data-shown='1']")
        yield page
        assert problems == []
        browser.close()


def count(page: Any) -> int:
    return int(page.evaluate("document.body.dataset.shown"))


def pack(page: Any) -> Any:
    return page.frame_locator("iframe.shown")


def wait_for(page: Any, shown: int) -> None:
    page.wait_for_selector(f"body[data-shown]:not([data-shown='{shown}'])")


def test_what_is_saved_is_seen_where_one_had_scrolled_to(page: Any, desk_workspace: Path, save_review: Save) -> None:
    assert pack(page).locator("h1").inner_text() == "Alder"
    assert page.evaluate("state.value").endswith("cut, execute, draw)")
    page.evaluate("document.querySelector('iframe.shown').contentWindow.scrollTo(0, 300)")
    style = desk_workspace / "templates" / "partner_review" / "style.css"
    before = count(page)
    style.write_text(style.read_text() + "\n.kp h1 { letter-spacing: 7px; }\n")
    wait_for(page, before)
    # No kernel: the pages are drawn anew.
    assert page.evaluate("state.value").endswith("(draw)")
    assert pack(page).locator("h1").evaluate("element => getComputedStyle(element).letterSpacing") == "7px"
    assert page.evaluate("place()") == [0, 300]
    before = count(page)
    notebook = desk_workspace / "notebooks" / "partner_review.ipynb"
    save_review(notebook, "review.page_one", "review.deal_count", "# An end of mine")
    wait_for(page, before)
    assert page.evaluate("state.value").endswith("(execute, draw)")
    assert pack(page).get_by_text("An end of mine").count() == 1
    assert page.evaluate("place()") == [0, 300]


def test_a_failing_cell_is_shown_until_mended(page: Any, desk_workspace: Path, save_review: Save) -> None:
    notebook = desk_workspace / "notebooks" / "partner_review.ipynb"
    before = count(page)
    save_review(notebook, "review.page_one", "total = 1\ntotal / 0")
    page.wait_for_selector("#failure:not([hidden])")
    assert page.locator("#failure h1").inner_text() == (
        "P1 2026Q3: cell 4 of partner_review.ipynb (total = 1) failed: ZeroDivisionError: division by zero."
    )
    assert page.locator("#failure .source").inner_text() == "total = 1\ntotal / 0"
    assert "----> 2 total / 0" in page.locator("#failure .traceback").inner_text()
    assert page.evaluate("state.value") == "cell 4 failed"
    # The last good page stays below it.
    assert pack(page).locator("h1").inner_text() == "Alder"
    assert count(page) == before
    save_review(notebook, "review.page_one", "review.deal_count")
    page.wait_for_selector("#failure", state="hidden")
    template = desk_workspace / "templates" / "partner_review" / "index.html.j2"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("{{ page.title }}", "{{ page.titel }}"), encoding="utf-8")
    page.wait_for_selector("#failure:not([hidden])")
    said = page.locator("#failure h1").inner_text()
    assert said.startswith("The page could not be drawn: partner_review/index.html.j2, line ")
    template.write_text(text, encoding="utf-8")
    page.wait_for_selector("#failure", state="hidden")


def test_partner_language_audience_and_pdf_are_chosen_in_the_page(page: Any) -> None:
    # What was saved last may still be drawn: each step waits for what it asked for.
    wait_until = pytest.importorskip("playwright.sync_api").expect
    page.select_option("select[name=partner]", "P2")
    wait_until(pack(page).locator("html")).to_have_attribute("lang", "ko", timeout=PATIENCE)
    assert "partner=P2" in page.url
    page.select_option("select[name=language]", "en")
    wait_until(pack(page).locator("html")).to_have_attribute("lang", "en", timeout=PATIENCE)
    page.select_option("select[name=audience]", "internal")
    wait_until(pack(page).locator("body")).to_contain_text("internal:", timeout=PATIENCE)
    page.select_option("select[name=kind]", "print")
    wait_until(pack(page).locator("img").first).to_be_visible(timeout=PATIENCE)
    page.select_option("select[name=kind]", "page")
    page.select_option("select[name=partner]", "P1")
    wait_until(pack(page).locator("h1")).to_have_text("Alder", timeout=PATIENCE)


def test_a_change_of_data_begins_at_the_sources(page: Any, desk_workspace: Path) -> None:
    wait_until = pytest.importorskip("playwright.sync_api").expect
    path = desk_workspace / "data" / "partners.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("Alder", "Alder & Sons"), encoding="utf-8")
    wait_until(pack(page).locator("h1")).to_have_text("Alder & Sons", timeout=PATIENCE)


def test_it_answers_this_machine_under_its_own_name_alone(served: tuple[int, str]) -> None:
    pid, address = served
    with urlopen(address) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(address, headers={"Host": "evil.example"}))
    caught.value.close()
    assert caught.value.code == 400
    listening = [each.laddr.ip for each in psutil.Process(pid).net_connections("tcp") if each.status == "LISTEN"]
    assert listening == ["127.0.0.1"]


def test_a_port_that_is_taken(desk_workspace: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            serve(desk_workspace / "kpilib.toml", Selection("P1", "2026Q3"), port=port)
    assert str(caught.value) == (
        f"Port {port} is taken, perhaps by another preview. Name another one: --port {port + 1}, "
        "or --port 0 for any that is free."
    )


def test_a_partner_that_there_is_not(desk_workspace: Path) -> None:
    command = [sys.executable, "-m", "kpilib", "preview", "P9", "2026Q3", "--port", "0"]
    ended = subprocess.run(command, cwd=desk_workspace, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("No partner 'P9' in the table partners.")
    assert len(ended.stderr.splitlines()) == 1
