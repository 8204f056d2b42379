"""The page for other machines: only with a login, and no less guarded than for this one."""

from __future__ import annotations

import base64
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.command import run
from tests.ui.serving import client, origin, served

pytest.importorskip("gradio", reason="the page needs gradio")

from lib_modelsim.errors import ModelsimError
from lib_modelsim.ui.access import Login, is_own_name

LOGIN = "anna:a long password"


@pytest.fixture(scope="module")
def address(python_path, small_family, tmp_path_factory):
    file = tmp_path_factory.mktemp("login") / "login.txt"
    file.write_text(LOGIN + "\n")
    with served("--models", small_family, "--listen", "--auth-file", file, python_path=python_path) as (_, found):
        yield found


@pytest.fixture
def other(address):
    """What somebody on another machine can ask: another name for ours, and no token."""
    port = origin(address).rpartition(":")[2]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as found:
        found.headers["Host"] = f"192.168.7.7:{port}"
        yield found


def basic(text):
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_the_login_opens_the_page_and_the_cookie_does_the_rest(other):
    asked = other.get("/")
    assert asked.status_code == 401
    assert asked.headers["www-authenticate"].startswith("Basic ")
    opened = other.get("/", headers=basic(LOGIN))
    assert opened.status_code == 200
    kept = opened.headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=strict" in kept
    cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
    assert "gradio" in other.get("/", headers=cookie).text
    assert other.get("/config", headers=cookie).status_code == 200


def test_the_token_opens_it_as_ever(address):
    ours = client(address)
    assert ours.get("/config").status_code == 200
    ours.close()


@pytest.mark.parametrize("path", ["/config", "/theme.css", "/data/gallery/any.png", "/file=/etc/hostname"])
def test_a_password_opens_nothing_but_the_page(other, path):
    assert other.get(path, headers=basic(LOGIN)).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}]
)
def test_another_page_does_not_get_in_with_a_password_that_the_browser_knows(other, headers):
    answer = other.get("/", headers=basic(LOGIN) | headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("wrong", ["anna:another password", "bert:a long password", ":", "é"])
def test_a_wrong_password_costs_a_second(other, wrong):
    start = time.monotonic()
    answer = other.get("/", headers=basic(wrong))
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert time.monotonic() - start > 0.9


def test_many_guesses_at_once_take_as_long_as_one_after_the_other(other):
    """Whoever guesses need not wait for an answer: the right password among many is found no sooner, either."""
    start = time.monotonic()
    with ThreadPoolExecutor() as pool:
        wrong = [pool.submit(other.get, "/", headers=basic(f"anna:guess number {n}")) for n in range(3)]
        time.sleep(0.3)
        assert other.get("/", headers=basic(LOGIN)).status_code == 200
        assert time.monotonic() - start > 2.9
        assert {answer.result().status_code for answer in wrong} == {401}


def test_what_is_no_login_is_a_wrong_one(other):
    headers = [(b"authorization", "Basic ä".encode("latin-1"))]
    assert other.get("/", headers=headers).status_code == 401


def test_other_names_still_do_not_lead_here(other):
    for name in ("elsewhere.example", "192.168.7.7.elsewhere.example", ""):
        assert other.get("/", headers=basic(LOGIN) | {"Host": name}).status_code == 400


def test_names_of_this_machine():
    own = socket.gethostname()
    for name in ("127.0.0.1:7861", "localhost"):
        assert is_own_name(name, listens=False)
    for name in (own, f"{own}.local:7861", "192.168.7.7:7861", "[fe80::1]:7861"):
        assert is_own_name(name, listens=True)
        assert not is_own_name(name, listens=False) or name.startswith("localhost")
    assert not is_own_name(f"{own}x.example", listens=True)


def test_to_listen_needs_a_password(small_family):
    done = run("serve", "--models", small_family, "--listen", "--no-browser")
    assert done.code == 2
    assert "a password is needed. Fix: add --auth USER:PASSWORD" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("text", ["", "anna", "anna:short", ":a long password", "anna:"])
def test_a_login_that_protects_nothing_is_refused(text, small_family):
    with pytest.raises(ModelsimError, match="8 characters or more"):
        Login.of(text)
    assert run("serve", "--models", small_family, "--listen", "--auth", text, "--no-browser").code == 2


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(ModelsimError, match="cannot read the password"):
        Login.of_file(tmp_path / "none.txt")


def test_without_listen_only_this_machine_is_answered(small_family):
    with served("--models", small_family, "--auth", LOGIN) as (_, address):
        port = int(origin(address).rpartition(":")[2])
        with socket.socket() as taken:  # free on every other address of this machine
            taken.bind(("127.0.0.2", port))
