"""What the page's server answers to others than its own page: real requests to the real server, as browsers do it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests import chromium
from tests.ui.serving import client, origin, served

pytest.importorskip("gradio", reason="the page needs gradio")

from lib_modelsim.ui.guard import Tokens

ADVICE = "Open the address that the terminal shows."
PAGE = b"<script>document.title = 'ours'</script>"


@pytest.fixture(scope="module")
def folders(tmp_path_factory, python_path):
    """Where the page keeps its own, and where gradio keeps the files that it serves."""
    return tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("gradio")


@pytest.fixture(scope="module")
def address(folders, small_family, python_path):
    home, uploads = map(str, folders)
    places = {"HOME": home, "XDG_DATA_HOME": home, "LOCALAPPDATA": home, "GRADIO_TEMP_DIR": uploads}
    with served("--models", small_family, python_path=python_path, forgetful=False, **places) as (_, found):
        yield found


@pytest.fixture
def ours(address):
    """What our own page can ask."""
    opened = client(address)
    yield opened
    opened.close()


@pytest.fixture
def stranger(address):
    """What somebody can ask who has not opened the page."""
    other = client(address, opened=False)
    yield other
    other.close()


def handler(page, elem_id):
    """The number of what answers an event of this component, and the ids of what it takes."""
    config = page.get("/config").json()
    component = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == elem_id)
    for number, answer in enumerate(config["dependencies"]):
        if any((target if isinstance(target, int) else target[0]) == component for target in answer["targets"]):
            return answer.get("id", number), answer["inputs"]
    raise LookupError(elem_id)


def saving(page, name):
    """The request that saves a suite."""
    number, _ = handler(page, "modelsim_suite_save")
    return {"fn_index": number, "data": ["window", name, "a cat"], "session_hash": "any"}


def suites(folders):
    return [path.name for path in folders[0].rglob("suites/*.json")]


REQUESTS = [
    ("GET", "/config"),
    ("GET", "/theme.css"),
    ("GET", "/javascript/modelsim.js"),
    ("GET", "/data/gallery/any.png"),
    ("GET", "/data/thumbnails/192/ab/any.webp"),
    ("GET", "/file=/etc/hostname"),
    ("GET", "/heartbeat/any"),
    ("GET", "/queue/data?session_hash=any"),
    ("POST", "/run/predict"),
    ("POST", "/api/predict"),
    ("POST", "/queue/join"),
    ("POST", "/upload"),
    ("POST", "/component_server"),
    ("POST", "/cancel"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_without_the_cookie_everything_is_refused_in_one_line(stranger, method, path):
    answer = stranger.request(method, path, json={} if method == "POST" else None)
    assert (answer.status_code, answer.text) == (403, ADVICE)


FOREIGN = [
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "https://elsewhere.example", "Content-Type": "text/plain"},
    {"Referer": "https://elsewhere.example/page"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_page_saves_no_suite_even_with_the_cookie(ours, folders, headers):
    answer = ours.post("/run/predict", json=saving(ours, "foreign"), headers=headers)
    assert answer.status_code == 403
    assert suites(folders) == []


def test_our_own_page_saves_a_suite(ours, address, folders):
    answer = ours.post("/run/predict", json=saving(ours, "own"), headers={"Origin": origin(address)})
    assert answer.status_code == 200
    assert suites(folders) == ["own.json"]
    (path,) = folders[0].rglob("suites/own.json")
    path.unlink()


@pytest.mark.parametrize("headers", FOREIGN[:3], ids=str)
def test_no_other_page_may_read(ours, headers):
    for answer in (
        ours.get("/", headers=headers),
        ours.get("/config", headers=headers),
        ours.options("/config", headers={**headers, "Access-Control-Request-Method": "GET"}),
    ):
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example:7861", ""])
def test_other_names_for_this_machine_are_refused(ours, host):
    assert ours.get("/", headers={"Host": host}).status_code in (400, 403)


def test_a_tunnel_may_have_another_port(address, stranger):
    token = address.partition("?")[2]
    answer = stranger.get(f"/?{token}", headers={"Host": "localhost:8000"})
    cookie = answer.headers["set-cookie"].partition(";")[0]
    own = {"Host": "localhost:8000", "Origin": "http://localhost:8000", "Cookie": cookie}
    assert stranger.get("/config", headers=own).status_code == 200


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=of-an-earlier-start"])
def test_a_bookmark_says_what_to_do(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert ADVICE in answer.text
    assert "gradio" not in answer.text
    assert "set-cookie" not in answer.headers


def test_the_token_becomes_a_cookie_that_no_script_and_no_other_site_has(address, stranger):
    answer = stranger.get(address + "&__theme=dark")
    kept = answer.headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=strict" in kept
    assert 'content="0; url=/?__theme=dark"' in answer.text
    assert "gradio" in stranger.get("/").text
    assert stranger.get("/?token=of-an-earlier-start").status_code == 200, "who has the cookie needs no token"


def test_the_first_browser_s_address_opens_the_page_once():
    tokens = Tokens()
    once = tokens.once
    assert tokens.opens(once)
    assert not tokens.opens(once)
    assert not tokens.holds(once)
    assert tokens.opens(tokens.lasting)
    assert tokens.opens(tokens.lasting)


UNUSED = ["/docs", "/redoc", "/openapi.json", "/monitoring", "/proxy=http://127.0.0.1/", "/token"]


@pytest.mark.parametrize("path", UNUSED)
def test_what_the_page_does_not_use_is_not_there(ours, path):
    assert ours.get(path).status_code == 404


ROUTES = """
import json
import gradio
from fastapi import FastAPI

def found(app, before=""):
    for route in app.routes:
        kinds = getattr(route, "methods", None) or ({"GET", "POST"} if hasattr(route, "app") else {"websocket"})
        yield from ((method, before + route.path) for method in kinds)
        yield from found(route.app, before + route.path) if hasattr(route.app, "routes") else ()

app = FastAPI()
with gradio.Blocks() as page:
    pass
print(json.dumps(sorted(set(found(gradio.mount_gradio_app(app, page, path=""))))))
"""

NEEDED = {
    ("GET", "/"), ("HEAD", "/"), ("GET", "/config"), ("GET", "/config/"), ("GET", "/info"), ("GET", "/info/"),
    ("GET", "/theme.css"), ("GET", "/favicon.ico"), ("GET", "/assets/{path:path}"), ("GET", "/static/{path:path}"),
    ("GET", "/heartbeat/{session_hash}"), ("GET", "/queue/data"), ("GET", "/queue/status"), ("POST", "/queue/join"),
    ("GET", "/file={path_or_url:path}"), ("HEAD", "/file={path_or_url:path}"), ("POST", "/reset"), ("POST", "/reset/"),
    ("POST", "/api/{api_name}"), ("POST", "/api/{api_name}/"), ("POST", "/run/{api_name}"),
    ("POST", "/run/{api_name}/"), ("POST", "/cancel"), ("websocket", "/queue/join"),
}  # fmt: skip
"""All that our page asks gradio for."""


def test_of_gradio_s_routes_only_those_are_served_that_the_page_needs(ours, python_path):
    """Every route that there is, whatever a newer gradio adds."""
    command = [sys.executable, "-c", ROUTES]
    env = os.environ | {"PYTHONPATH": python_path}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    routes = {tuple(route) for route in json.loads(done.stdout.splitlines()[-1])}
    assert len(routes) > 20, done.stderr
    assert len(routes & NEEDED) > 15
    for method, path in sorted(routes - NEEDED - {("websocket", "/queue/join")}):
        if method != "websocket":
            answer = ours.request(method, re.sub(r"{[^}]*}", "any", path) or "/any", json={})
            assert answer.status_code == 404, (method, path)
            assert method == "HEAD" or answer.text == "Not found.", (method, path)


TRICKS = [
    "/data/gallery/..%2f..%2flibrary.sqlite", "/data/gallery/%2e%2e/library.sqlite",
    "/data/gallery/..%5clibrary.sqlite",
    "/data/gallery/C:%5cwindows%5cwin.ini", "/data/gallery/C:/windows/win.ini", "/data/gallery/%5c%5cevil%5cshare",
    "/data/gallery/a.png::$DATA", "/data/gallery/a%00.png", "/data/gallery//etc/passwd", "/data/thumbnails/%2e%2e",
    "/data/gallery/link.png", "/data/gallery/pipe.png", "/data/gallery/" + "a" * 5000, "/data/gallery",
    "/static/..%2f..%2f..%2fetc/passwd", "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/static//etc/passwd",
    "/javascript/..%2fstyle.css", "/javascript/%2fetc/passwd", "/assets/a%00", "/static/C:%5cwindows",
    "/file=/etc/passwd", "/file=//etc/passwd", "/file=%5c%5cevil%5cshare%5cx", "/file=//evil/share", "/file=/dev/zero",
    "/file=%2e%2e/%2e%2e/etc/passwd", "/file=/proc/self/environ", "/file=HTTP://elsewhere.example/x", "/file=a%00",
    "/file=file:///etc/passwd", "/file=ftp://elsewhere.example/", "/file=link.png", "/file=pipe.png",
]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
def test_no_path_leads_out_of_our_folders(ours, folders):
    home, uploads = folders
    for gallery in (home / "modelsim" / "gallery", uploads):
        gallery.mkdir(parents=True, exist_ok=True)
        if not (gallery / "link.png").is_symlink():
            (gallery / "link.png").symlink_to("/etc/passwd")
            os.mkfifo(gallery / "pipe.png")
    for path in [*TRICKS, *(f"/file={uploads}/{name}" for name in ("link.png", "pipe.png"))]:
        answer = ours.get(path, timeout=10)
        assert answer.status_code in (403, 404), path[:100]
        assert "root:" not in answer.text, path


def test_a_request_of_gigabytes_is_refused_before_it_comes(ours):
    url = ours.base_url
    with socket.create_connection((url.host, url.port), timeout=20) as connection:
        cookie = "; ".join(f"{name}={value}" for name, value in ours.cookies.items())
        head = f"POST /run/predict HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nCookie: {cookie}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 5000000000\r\n\r\n[".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_nothing_is_uploaded(ours, folders):
    assert ours.post("/upload", files={"files": ("page.html", PAGE)}).status_code == 404
    assert list(folders[1].rglob("page.html")) == []


def test_a_file_that_is_no_picture_is_saved_not_shown(ours, folders):
    kept, drawn = folders[1] / "report.html", folders[0] / "modelsim" / "gallery"
    kept.write_bytes(PAGE)
    drawn.mkdir(parents=True, exist_ok=True)
    for name in ("page.html", "drawing.svg", "picture.png"):
        (drawn / name).write_bytes(PAGE)
    headers = {path: ours.get(path).headers for path in ("/data/gallery/page.html", "/data/gallery/drawing.svg")}
    for answer in headers.values():
        assert answer["content-disposition"] == "attachment"
        assert answer["x-content-type-options"] == "nosniff"
    shown = ours.get("/data/gallery/picture.png").headers
    assert "content-disposition" not in shown
    assert (shown["content-type"], shown["x-content-type-options"]) == ("image/png", "nosniff")
    answer = ours.get(f"/file={kept}")
    assert answer.status_code in (200, 403), "gradio 3 serves no file that it did not write"
    assert answer.status_code == 403 or answer.headers["content-disposition"] == "attachment"


def test_small_copies_of_pictures_are_served_as_webp(ours, folders):
    copy = folders[0] / "modelsim" / "thumbnails" / "192" / "ab" / "abc.webp"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(b"RIFF\4\0\0\0WEBP")
    answer = ours.get("/data/thumbnails/192/ab/abc.webp")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert "content-disposition" not in answer.headers
    assert ours.get("/data/thumbnails/../library.sqlite").status_code == 404
    assert ours.get("/data/library.sqlite").status_code == 404


@pytest.fixture
def listening():
    """An address of this machine, and whether anybody has asked it for something."""
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/secret.txt", asked
        server.shutdown()


@pytest.mark.parametrize("within", [lambda file: file, lambda file: [[file]], lambda file: {"a": file}])
@pytest.mark.parametrize("elem_id", ["modelsim_suite_save", "modelsim_suite_field", "modelsim_suite"])
def test_no_field_makes_the_server_read_an_address_or_a_file(ours, listening, folders, elem_id, within):
    url, asked = listening
    number, taken = handler(ours, elem_id)
    for place in (url, "/etc/hostname"):
        file = {"path": place, "name": place, "url": place, "is_file": True, "meta": {"_type": "gradio.FileData"}}
        body = {"fn_index": number, "data": [within(file)] * len(taken), "session_hash": "any"}
        assert ours.post("/run/predict", json=body).status_code == 500
    assert asked == []
    assert list(folders[1].rglob("hostname")) == []


def test_an_address_is_not_redirected_to(ours):
    assert ours.get("/file=https://elsewhere.example/").status_code == 404


def test_a_websocket_of_another_page_is_refused(ours, address):
    host = origin(address).removeprefix("http://")
    cookie = "; ".join(f"{name}={value}" for name, value in ours.cookies.items())
    request = (
        f"GET /queue/join HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Origin: http://elsewhere.example\r\nCookie: {cookie}\r\n\r\n"
    )
    name, port = host.split(":")
    with socket.create_connection((name, int(port))) as connection:
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


# in a browser

EVIL = """<!doctype html><title>waiting</title><a id=link href="%s">a nice page</a><iframe src="%s/"></iframe><script>
const body = JSON.stringify(%s), url = "%s/run/predict", tries = [
    fetch(url, { method: "POST", body, mode: "no-cors", credentials: "include" }),
    fetch(url, { method: "POST", body, credentials: "include", headers: { "content-type": "application/json" } }),
    fetch("%s/config", { credentials: "include" }).then((answer) => answer.text()).then(() => read = true),
];
let read = false;
Promise.allSettled(tries).then(() => { document.title = read ? "read" : "refused"; });
</script>"""


@pytest.fixture
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if chromium.CHROMIUM is None:
        pytest.skip("needs a chromium that is installed")
    with playwright.sync_playwright() as driver:
        yield chromium.launch(driver)


@pytest.fixture
def elsewhere():
    """A server of other pages on this machine: whoever makes one gets its port."""
    pages = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(pages.get(self.path, "").encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield pages, server.server_port
        server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_elsewhere_gets_nothing_from_a_browser_that_has_ours_open(
    browser, address, ours, folders, elsewhere, host
):
    pages, port = elsewhere
    ours_at = origin(address)
    pages["/"] = EVIL % (address, ours_at, json.dumps(saving(ours, "foreign")), ours_at, ours_at)
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.locator("#modelsim_tab").wait_for()
    assert "token" not in page.url
    other = context.new_page()
    other.goto(f"http://{host}:{port}/")
    other.wait_for_function("document.title !== 'waiting'")
    assert other.title() == "refused"
    assert all("modelsim" not in frame.content() for frame in other.frames[1:])
    assert suites(folders) == []
    other.click("#link")  # a link to the address with its token is no attack
    other.locator("#modelsim_tab").wait_for()
    context.close()


def test_a_new_browser_without_the_token_is_told_what_to_do(browser, address):
    page = browser.new_page()
    page.goto(origin(address))
    assert page.locator("h1").inner_text() == ADVICE
