"""A mail leaves once it is promised: into a folder, or over a real socket to a real receiver."""

import email
import email.policy
import json
import logging
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.make import NOON, World
from widget_server import clock, config, job_queue
from widget_server.delivery import mail
from widget_server.delivery.mail import MailNotSent
from widget_server.events import MailWanted, emit
from widget_server.loyalty.people import mail_preferences, sign_in
from widget_server.loyalty.people.sign_in_codes import CodeRequest
from widget_server.loyalty.program import programs

ANN = "ann@example.com"
HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "Content-Type"} | {
    "MIME-Version",
    "X-Loyalty-Shop",
}


class Receiver(socketserver.ThreadingTCPServer):
    """A small mail server; `answers` replaces what it says to a command. `heard` holds what was said to it."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None, *, wrapped: bool = False, **replies: str) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.context, self.wrapped, self.replies = context, wrapped, replies
        self.heard: list[str] = []
        self.mails: list[bytes] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or mistrusts us, is no news."""


class Conversation(socketserver.StreamRequestHandler):
    server: Receiver

    def setup(self) -> None:
        if self.server.wrapped:
            self._encrypt()
        super().setup()

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(line)
            verb = line.split()[0].upper()
            if verb in self.server.replies:
                self._say(self.server.replies[verb])
            elif verb == "STARTTLS":
                self._say("220 go on")
                self._encrypt()
                super().setup()
            elif verb == "DATA":
                self._say("354 go on")
                self.server.mails.append(self._data())
                self._say("250 taken")
            else:
                self._say(
                    {
                        "EHLO": "250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN",
                        "AUTH": "235 welcome",
                        "QUIT": "221 bye",
                    }.get(verb, "250 ok")
                )
            if verb == "QUIT":
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _encrypt(self) -> None:
        assert self.server.context is not None
        self.request = self.server.context.wrap_socket(self.request, server_side=True)

    def _say(self, answer: str) -> None:
        self.wfile.write(answer.encode() + b"\r\n")

    def _data(self) -> bytes:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        return b"".join(line.removeprefix(b".") for line in lines)


@contextmanager
def receiving(*args: Any, **options: Any) -> Iterator[Receiver]:
    with Receiver(*args, **options) as receiver:
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A receiver's certificate for 127.0.0.1, and the file by which a client may trust it."""
    from ipaddress import ip_address

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, both = tmp_path / "trusted.pem", tmp_path / "both.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(trusted.read_bytes() + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, trusted


def mail_by(url: str, **settings: str) -> None:
    config.use(replace(config.current(), mail_url=url, **settings))


def ask(
    world: World, *, to: str = ANN, locale: str = "en", purpose: str = "sign_up"
) -> tuple[CodeRequest, job_queue.Job]:
    """She asks for a code; the job that sends it."""
    asked = sign_in.ask(world.shop, to, purpose=purpose, locale=locale)
    job = job_queue.claim()
    assert job is not None and job.name == "send_mail"
    return asked, job


def rename(world: World, name: str) -> None:
    world.shop.name = name
    world.shop.save()
    programs.update(world.shop.id, name=name)


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage) and not message.defects
    return message


def in_folder(world_folder: Path) -> list[EmailMessage]:
    return [parsed(path.read_bytes()) for path in sorted(world_folder.iterdir())]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es", "ar"])
@pytest.mark.parametrize("purpose", ["sign_up", "sign_in", "reset"])
def test_a_mail_in_the_folder_reads_as_it_was_written(world: World, tmp_path: Path, purpose: str, locale: str) -> None:
    asked, job = ask(world, locale=locale, purpose=purpose)
    with clock.at(NOON):
        mail.send(job.payload)
    (message,) = in_folder(tmp_path / "mail")
    assert message["To"] == ANN and message["From"] == "Fjord & Fern <loyalty@localhost>"
    assert message["Date"].datetime == NOON and message["Content-Language"] == locale
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Fern Club" in message["Subject"] and asked.code not in message["Subject"]
    link = f"http://widget.localhost:8000/confirm?link={asked.link}"
    for body in (text_of(message), text_of(message, "html")):
        assert asked.code in body
        assert (link in body) == (purpose != "reset")


def test_the_code_of_the_mail_is_the_one_that_lets_her_in(world: World, tmp_path: Path) -> None:
    asked, job = ask(world)
    mail.send(job.payload)
    (message,) = in_folder(tmp_path / "mail")
    (code,) = re.findall(r"^\d{8}$", text_of(message).replace("\r", ""), re.MULTILINE)
    assert sign_in.confirm(world.shop, asked.challenge, code).customer.email == ANN


def test_mails_in_the_folder_sort_by_time_and_leave_no_drafts(world: World, tmp_path: Path) -> None:
    for hour, to in ((3, "c@example.com"), (1, "a@example.com"), (2, "b@example.com")):
        with clock.at(NOON + timedelta(hours=hour)):
            _, job = ask(world, to=to)
            mail.send(job.payload)
            job_queue.finish(job)
    assert [message["To"] for message in in_folder(tmp_path / "mail")] == [f"{one}@example.com" for one in "abc"]
    assert all(re.fullmatch(r"\d{8}T\d{12}-[0-9a-f]{8}\.eml", path.name) for path in (tmp_path / "mail").iterdir())


def test_a_folder_may_have_any_name(world: World, tmp_path: Path) -> None:
    mail_by(f"file://{tmp_path}/out going/50% #1")
    mail.send(ask(world)[1].payload)
    assert len(in_folder(tmp_path / "out going" / "50% #1")) == 1


def test_a_mail_waits_sealed(world: World) -> None:
    asked, job = ask(world)
    row = json.dumps(job_queue.Job.get_by_id(job.id).payload)
    assert not any(secret in row for secret in (asked.code, asked.link, ANN, "confirm", world.shop.id))
    assert mail.opened(job.payload)["values"]["code"] == asked.code


def test_a_mail_server_receives_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with receiving() as receiver:
        mail_by(f"smtp://{receiver.address}", mail_from="Somebody <points@shop.example>")
        asked, job = ask(world, locale="ar")
        caplog.set_level(logging.DEBUG)
        mail.send(job.payload)
    (raw,) = receiver.mails
    message = parsed(raw)
    assert message["From"] == "Fjord & Fern <points@shop.example>" and message["To"] == ANN
    assert message["Message-ID"].endswith("@shop.example>")
    assert asked.code in text_of(message) and asked.link in text_of(message, "html")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")) and raw.isascii()
    envelope = [line.split(" size")[0] for line in receiver.heard if line.lower().startswith(("mail", "rcpt", "ehlo"))]
    assert [line.lower() for line in envelope] == [
        "ehlo widget.localhost",
        "mail from:<points@shop.example>",
        f"rcpt to:<{ANN}>",
    ]
    assert not any(secret in caplog.text for secret in (asked.code, asked.link, ANN))


def test_a_mail_sent_again_has_the_same_id_and_another_mail_has_not(world: World) -> None:
    (_, first), (_, second) = ask(world), ask(world)
    with receiving() as receiver:
        mail_by(f"smtp://{receiver.address}")
        for job in (first, first, second):
            mail.send(job.payload)
    ids = [parsed(raw)["Message-ID"] for raw in receiver.mails]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_user_and_password_go_encrypted_to_a_server_that_is_trusted(
    world: World, certified: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    context, trusted = certified
    with receiving(context, wrapped=scheme == "smtps") as receiver:
        mail_by(f"{scheme}://fern%40shop:p%2Fss@{receiver.address}")
        _, job = ask(world)
        with pytest.raises(MailNotSent, match=r"^SSLCertVerificationError 1$"):
            mail.send(job.payload)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        mail.send(job.payload)
    assert len(receiver.mails) == 1
    (login,) = [line for line in receiver.heard if line.startswith("AUTH")]
    assert login == "AUTH PLAIN AGZlcm5Ac2hvcABwL3Nz"  # \0fern@shop\0p/ss
    if scheme == "smtp+starttls":
        assert receiver.heard.index("STARTTLS") < receiver.heard.index(login)


def test_a_goodbye_that_goes_wrong_is_no_failure(world: World) -> None:
    with receiving(QUIT="421 not now") as receiver:
        mail_by(f"smtp://{receiver.address}")
        mail.send(ask(world)[1].payload)
    assert len(receiver.mails) == 1


def test_no_password_is_said_to_a_server_that_will_not_encrypt(world: World) -> None:
    with receiving(EHLO="250 here") as receiver:
        mail_by(f"smtp+starttls://fern:secret@{receiver.address}")
        with pytest.raises(MailNotSent, match=r"^SMTPNotSupportedError$"):
            mail.send(ask(world)[1].payload)
    assert not receiver.mails and not any(line.startswith("AUTH") for line in receiver.heard)


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"RCPT": f"550 <{ANN}>: no such user"}, "SMTPRecipientsRefused 550"),
        ({"MAIL": "451 <loyalty@localhost>: later"}, "SMTPSenderRefused 451"),
        ({"DATA": f"554 {ANN} does not want this"}, "SMTPDataError 554"),
        ({"AUTH": "535 fern, wrong"}, "SMTPAuthenticationError 535"),
    ],
)
def test_a_refusal_is_told_by_kind_and_number_only(world: World, replies: dict[str, str], reason: str) -> None:
    with receiving(**replies) as receiver:
        mail_by(f"smtp://fern:secret@{receiver.address}")
        with pytest.raises(MailNotSent) as refused:
            mail.send(ask(world)[1].payload)
    assert str(refused.value) == reason and refused.value.__suppress_context__


def test_a_dead_server_raises_and_the_job_stays_until_it_lives_again(world: World) -> None:
    with receiving() as receiver:
        address = receiver.address
    mail_by(f"smtp://{address}")
    asked, job = ask(world)
    with pytest.raises(MailNotSent, match=r"^ConnectionRefusedError") as dead:
        mail.send(job.payload)
    job_queue.fail(job, str(dead.value))
    row = job_queue.Job.get_by_id(job.id)
    assert row.status == "waiting" and row.last_error.startswith("ConnectionRefusedError")
    with receiving() as receiver, clock.at(clock.now() + timedelta(minutes=1)):
        mail_by(f"smtp://{receiver.address}")
        again = job_queue.claim()
        assert again is not None and again.id == job.id
        mail.send(again.payload)
        job_queue.finish(again)
    assert asked.code in text_of(parsed(receiver.mails[0]))
    assert job_queue.Job.get_or_none(job_queue.Job.id == job.id) is None


def test_a_server_that_says_nothing_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    assert mail.TIMEOUT_SECONDS == 20
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mail_by(f"smtp://127.0.0.1:{mute.getsockname()[1]}")
        with pytest.raises(MailNotSent, match=r"^SMTPServerDisconnected$"):
            mail.send(ask(world)[1].payload)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://fern:secret@127.0.0.1", "'http'"),
        ("", "''"),
        ("fern:secret@127.0.0.1", "''"),
        ("smtp://", "smtp://user:password@host:port"),
        ("smtp://fern:secret@127.0.0.1:secret", "smtp://user:password@host:port"),
        ("smtp://fern:secret@[127", "smtp://user:password@host:port"),
    ],
)
def test_an_address_of_no_mail_server_is_refused_by_name(world: World, url: str, reason: str) -> None:
    mail_by(url)
    with pytest.raises(MailNotSent) as refused:
        mail.send(ask(world)[1].payload)
    assert "WIDGET_MAIL_URL" in str(refused.value) and reason in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        "Fjord\r\nBcc: eve@example.com",
        "Fjörd\n\nBcc: eve@example.com",
        'F" <eve@example.com>, "',
        'Fö" <eve@example.com>, "',
        "=?utf-8?q?F=0D=0ABcc:_eve@example.com?=",
        "=?utf-8?q?Fö=0D=0ABcc:_eve@example.com?=",
    ],
)
def test_a_name_adds_no_header_and_no_reader(world: World, name: str) -> None:
    rename(world, name)
    with receiving() as receiver:
        mail_by(f"smtp://{receiver.address}")
        mail.send(ask(world)[1].payload)
    message = parsed(receiver.mails[0])
    shown = " ".join(name.split()).replace("=?", "= ?")
    assert set(message.keys()) == HEADERS
    assert [(one.display_name, one.addr_spec) for one in message["From"].addresses] == [(shown, "loyalty@localhost")]
    assert message["Subject"] == f"Your code for {shown}"
    assert [line for line in receiver.heard if line.lower().startswith("rcpt")] == [f"rcpt TO:<{ANN}>"]


@pytest.mark.parametrize("name", ["Farn, Fjord & Söhne " * 20, "蕨" * 300, "متجر السرخس " * 20, "👩\u200d🌾" * 50])
def test_long_names_in_any_script_come_through(world: World, name: str) -> None:
    rename(world, name)
    with receiving() as receiver:
        mail_by(f"smtp://{receiver.address}")
        mail.send(ask(world, locale="ar")[1].payload)
    (raw,) = receiver.mails
    # the older reader of headers: that of Python 3.11 adds blanks between the pieces of a long name
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert str(make_header(decode_header(message["From"]))) == f"{name[:79]}… <loyalty@localhost>"
    assert str(make_header(decode_header(message["Subject"]))) == f"رمزك لبرنامج {name[:79]}…"
    assert raw.isascii()
    assert all(len(line) <= 78 for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n"))


@pytest.mark.parametrize(
    ("typed", "reached"),
    [
        ("Ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),  # not strasse.example, where older rules would lead
        ("ann@ｅxample.com", "ann@example.com"),
    ],
)
def test_a_mail_goes_to_the_address_that_is_compared(world: World, tmp_path: Path, typed: str, reached: str) -> None:
    mail.send(ask(world, to=typed)[1].payload)
    assert in_folder(tmp_path / "mail")[0]["To"] == reached


@pytest.mark.parametrize(
    "to",
    [
        "a,eve@example.com",
        "eve@example.com,ann@example.com",
        "ann@example.com\r\nBcc: eve@example.com",
        "ann<eve>@example.com",
        "ann\x00@example.com",
        "jörg@example.com",
        '"ann"@example.com',
        "ann@example.com(eve)",
        "ann@example\u200b.com",
        "@example.com",
        "ann@",
        "ann",
        "",
    ],
)
def test_an_address_that_mail_cannot_carry_is_refused_without_repeating_it(
    world: World, tmp_path: Path, to: str
) -> None:
    emit(MailWanted(world.shop.id, "reset", to, "en", {"code": "048213"}))
    job = job_queue.claim()
    assert job is not None
    with pytest.raises(MailNotSent, match=r"^the reader's address is not in a form that mail can carry$"):
        mail.send(job.payload)
    assert not (tmp_path / "mail").exists()


def test_a_sender_that_mail_cannot_carry_is_named(world: World) -> None:
    mail_by(config.current().mail_url, mail_from="the shop")
    with pytest.raises(MailNotSent, match="WIDGET_MAIL_FROM"):
        mail.send(ask(world)[1].payload)


# Unsubscribing: the headers of RFC 8058


def test_a_letter_of_a_topic_can_be_unsubscribed_by_one_click_and_a_code_cannot(world: World, tmp_path: Path) -> None:
    ann = world.member()
    job_queue.Job.delete().execute()
    values = {"points": 5, "balance": 5, "comment": None, "why": {"cause": "gift", "order": None, "title": None}}
    emit(MailWanted(world.shop.id, "points_earned", ANN, "en", values, customer_id=ann.id))
    emit(MailWanted(world.shop.id, "reset", ANN, "en", {"code": "12345678"}))
    for job in job_queue.Job.select():
        mail.send(job.payload)
    raw = {path.read_bytes() for path in (tmp_path / "mail").iterdir()}
    link = mail_preferences.link(world.shop.id, ann.id)
    (earned,) = [one for one in raw if b"List-Unsubscribe" in one]
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in earned  # one line, not encoded, however long
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in earned
    message = parsed(earned)
    assert link in text_of(message) and link in text_of(message, "html")
    assert {*message.keys()} == HEADERS | {"List-Unsubscribe", "List-Unsubscribe-Post"}
    assert len(raw) == 2 and ANN not in link
