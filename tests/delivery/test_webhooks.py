"""One call to one receiver: what counts as a yes, and what a hostile one cannot do (acceptance 63)."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.delivery.receivers import Receiver, receiving
from tests.make import NOON, SECRET
from widget_server import clock, config
from widget_server.config import Settings
from widget_server.delivery import webhooks
from widget_server.delivery.webhooks import Answer, KeptConnection

BODY = '{"type":"points.moved","data":{"amount":"5 €"}}'


@pytest.fixture(autouse=True)
def settings() -> Iterator[Settings]:
    """An operator who allows private addresses, and waits for half a second."""
    settings = Settings(secret_key=SECRET, allow_private_webhooks=True, webhook_timeout_ms=500)
    config.use(settings)
    yield settings


def post(url: str) -> Answer:
    line = KeptConnection(url)
    try:
        return line.post({"webhook-id": "m1"}, BODY)
    finally:
        line.close()


@contextmanager
def talking(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A receiver that speaks no proper HTTP: `answer` does with the connection what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    sock, _ = server.accept()
                    with sock:
                        answer(sock)
                except OSError:
                    if server.fileno() < 0:
                        return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_message_goes_as_it_is() -> None:
    with receiving() as shop:
        answer = post(shop.url)
    (heard,) = shop.heard
    assert answer.is_delivered
    assert (heard.path, heard.body.decode()) == ("/hooks?shop=1", BODY)
    assert heard.headers["Host"] == f"127.0.0.1:{shop.port}"
    assert heard.headers["webhook-id"] == "m1"
    assert heard.headers["User-Agent"] == webhooks.USER_AGENT


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_yes(status: int) -> None:
    with receiving(Receiver(replies=lambda n: (status, b""))) as shop:
        assert post(shop.url).is_delivered


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 410, 429, 500, 503])
def test_everything_else_is_a_no_and_nobody_follows_a_redirect(status: int) -> None:
    with receiving() as elsewhere:
        shop = Receiver(
            replies=lambda n: (status, b"" if status == 304 else b"no"), headers={"Location": elsewhere.url}
        )
        with receiving(shop):
            answer = post(shop.url)
    assert (answer.status, answer.is_delivered, answer.is_refused_for_good) == (status, False, status == 410)
    assert len(shop.heard) == 1
    assert elsewhere.heard == []


def wished(told: str, status: int = 503) -> float:
    """For how long a receiver wants to be left alone that says so at noon."""
    shop = Receiver(replies=lambda n: (status, b"later"), headers={"Retry-After": told})
    with receiving(shop), clock.at(NOON):
        answer = post(shop.url)
    assert (answer.status, answer.text) == (status, "later")
    return answer.wait_seconds


@pytest.mark.parametrize("status", [302, 429, 500, 503])
@pytest.mark.parametrize("told", ["90", " 90 ", "0090"])
def test_it_may_say_in_how_many_seconds_to_come_again(told: str, status: int) -> None:
    assert wished(told, status) == 90


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_it_may_say_when_to_come_again(form: str) -> None:
    """In each of the three forms that HTTP knows."""
    assert wished((NOON + timedelta(hours=1)).strftime(form)) == 3600


@pytest.mark.parametrize(
    "told",
    [
        "",
        "0",
        "-5",
        "1.5",
        "1e3",
        "90 s",
        "90, 90",
        "\xb2",
        "soon",
        "Wed, 30 Feb 2099 12:00:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 GMT",  # over
        "Wed, 21 Oct 2099 07:28:00 GMT",
        str(366 * 86_400 + 1),
        str(int(NOON.timestamp())),
        "9" * 20,
        "9" * 5000,
        "99999999999999999999 Jan 7:8 0 07:28:00 GMT",
        "Wed, 21 Oct 2026 07:28:00 +99999999999999999999",
    ],
)
def test_what_is_broken_over_or_absurd_is_no_wish(told: str) -> None:
    assert wished(told) == 0


def test_who_says_nothing_of_it_or_comes_too_late_wishes_nothing() -> None:
    def drops(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 503 No\r\nRetry-After: 90\r\nContent-Length: 99\r\n\r\nlater")
        time.sleep(2)

    with receiving(Receiver(replies=lambda n: (503, b"later"))) as shop, talking(drops) as url:
        assert (post(shop.url).wait_seconds, post(url).wait_seconds) == (0, 0)


def test_what_it_says_is_kept_in_part() -> None:
    with receiving(Receiver(replies=lambda n: (500, b"\x00\xff" + "ü".encode() * 600))) as shop:
        text = post(shop.url).text
    assert text == "\ufffd" + "ü" * 499


def test_an_endless_answer_is_cut() -> None:
    def pours(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            sock.sendall(b"x" * 65536)

    with talking(pours) as url:
        answer = post(url)
    assert (answer.status, len(answer.text)) == (500, webhooks.ANSWER_LENGTH_MAX)
    assert answer.seconds < 0.5


def test_who_says_nothing_is_left() -> None:
    with receiving(Receiver(hangs=3)) as shop:
        answer = post(shop.url)
    assert (answer.status, answer.text) == (None, "no answer within 0.5 seconds")
    assert 0.4 < answer.seconds < 1.0


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_who_answers_drop_by_drop_has_no_more_time_than_others(begin: bytes) -> None:
    def trickles(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(begin)
        for _ in range(100):
            sock.sendall(b"x")
            time.sleep(0.05)

    with talking(trickles) as url:
        answer = post(url)
    assert (answer.status, answer.text) == (None, "no answer within 0.5 seconds")
    assert answer.seconds < 1.0


@pytest.mark.parametrize(
    "words",
    [b"", b"hello\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n", b"\x00" * 99],
)
def test_who_speaks_no_http_gave_no_answer(words: bytes) -> None:
    def mumbles(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(words)

    with talking(mumbles) as url:
        answer = post(url)
    assert answer.status is None
    assert answer.text


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = post(f"http://127.0.0.1:{port}/")
    assert answer.status is None
    assert "refused" in answer.text.lower()


def test_a_name_that_leads_nowhere() -> None:
    assert post("https://shop.invalid/hooks").status is None


def test_one_connection_carries_many_messages() -> None:
    with receiving() as shop:
        line = KeptConnection(shop.url)
        replies = [line.post({}, BODY) for _ in range(5)]
        line.close()
    assert all(answer.is_delivered for answer in replies)
    assert len({heard.peer for heard in shop.heard}) == 1


def test_a_receiver_that_hung_up_meanwhile_is_called_again() -> None:
    def once(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with talking(once) as url:
        line = KeptConnection(url)
        for _ in range(3):
            assert line.post({}, BODY).is_delivered
            time.sleep(0.02)
        line.close()


def test_a_private_address_is_not_called(settings: Settings) -> None:
    with receiving() as shop:
        config.use(replace(settings, allow_private_webhooks=False))
        answer = post(f"https://localhost:{shop.port}/")
        assert answer.status is None
        assert "private" in answer.text
        assert "https://" in post(shop.url).text
    assert shop.heard == []


def test_the_address_that_was_looked_at_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers another address the second time (DNS rebinding) is asked once."""
    asked = []

    def resolves(host: str, port: int, *words: object, **names: object) -> list[object]:
        asked.append(host)
        assert ip_address(host) if host[0].isdigit() else len(asked) == 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolves)
    with receiving() as shop:
        assert post(f"http://shop.example:{shop.port}/").is_delivered
    assert asked[0] == "shop.example"
    assert set(asked[1:]) <= {"127.0.0.1"}
    assert shop.heard[0].headers["Host"] == f"shop.example:{shop.port}"


# TLS


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ssl.SSLContext]]:
    """An authority that this machine trusts; makes a receiver's certificate for a name."""
    authority_key, authority = _certificate("Authority", None, None)
    (tmp_path / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    webhooks._trust.cache_clear()

    def made(name: str) -> ssl.SSLContext:
        key, certificate = _certificate(name, authority, authority_key)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (tmp_path / "shop.pem").write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "shop.pem")
        return context

    yield made
    webhooks._trust.cache_clear()


def _certificate(
    name: str, issuer: x509.Certificate | None, issuer_key: ec.EllipticCurvePrivateKey | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer_key or key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if issuer is None:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return key, builder.sign(signer, hashes.SHA256())


def test_the_certificate_is_that_of_the_name(trusted: Callable[[str], ssl.SSLContext]) -> None:
    with receiving(tls=trusted("localhost")) as shop:
        line = KeptConnection(f"https://localhost:{shop.port}/hooks")
        assert [line.post({}, BODY).status for _ in range(2)] == [200, 200]
        line.close()
        assert len({heard.peer for heard in shop.heard}) == 1
        assert "Certificate" in post(f"https://127.0.0.1:{shop.port}/hooks").text
    with receiving(tls=trusted("other.example")) as shop:
        assert post(f"https://localhost:{shop.port}/hooks").status is None
        assert shop.heard == []


def test_a_certificate_that_nobody_vouches_for_is_refused(trusted: Callable[[str], ssl.SSLContext]) -> None:
    context = trusted("localhost")
    trusted_again = Path(ssl.get_default_verify_paths().cafile or "")
    _, stranger = _certificate("Stranger", None, None)
    trusted_again.write_bytes(stranger.public_bytes(serialization.Encoding.PEM))
    with receiving(tls=context) as shop:
        assert post(f"https://localhost:{shop.port}/hooks").status is None
    assert shop.heard == []


def test_who_hangs_within_the_handshake_is_left_too() -> None:
    with talking(lambda sock: time.sleep(2)) as url:
        answer = post(url.replace("http://", "https://"))
    assert (answer.status, answer.text) == (None, "no answer within 0.5 seconds")
    assert answer.seconds < 1.0
