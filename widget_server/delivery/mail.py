"""Mail: queued in a transaction, written and sent by a job after the commit.

Codes, links and addresses are in no log and no error; until it is sent, a mail is stored encrypted.
"""

import hashlib
import json
import os
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy, default
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast
from urllib.parse import SplitResult, unquote, urlsplit

import idna
from cryptography.fernet import InvalidToken

from widget_server import clock, config, job_queue
from widget_server.db import when_committed
from widget_server.delivery import mail_templates
from widget_server.events import MailWanted, ManyMailsWanted
from widget_server.job_queue import Job, JobName
from widget_server.json_types import JsonObject
from widget_server.loyalty.people import customers, emails, mail_preferences
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program import programs, shops
from widget_server.loyalty.program.letter_kinds import LETTER_KINDS, needs_unsubscribing
from widget_server.loyalty.program.shops import Shop

SHOP_HEADER = "X-Loyalty-Shop"
UNSUBSCRIBE_HEADER, ONE_CLICK_HEADER = "List-Unsubscribe", "List-Unsubscribe-Post"
ONE_CLICK = "List-Unsubscribe=One-Click"  # RFC 8058: the body that a mail provider posts
TIMEOUT_SECONDS = 20
AHEAD_SECONDS = 3600.0  # codes and links go before letters that have waited less
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class MailNotSent(Exception):
    """The mail was not sent, with the reason; the job tries again."""


class Letter(TypedDict):
    """A queued mail: its template, its recipient, and the values of its text."""

    shop_id: str
    template: str
    to: str
    locale: str
    values: mail_templates.Values
    customer_id: NotRequired[str]


class Headers(EmailPolicy):
    """How headers are written. Python 3.11 loses a space when it folds a long non-ASCII line, so the older `Header`
    writes what is not ASCII: the subject, and the name of the sender.
    """

    linesep = "\r\n"

    def fold_binary(self, name: str, value: str) -> bytes:
        """Returns the encoded lines of one header. An address that is longer than a line is not encoded."""
        if name == UNSUBSCRIBE_HEADER:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        if value.isascii():
            return super().fold_binary(name, value)
        header, parsed = Header(header_name=name), cast(Any, value)
        if name == "From":
            sender: Address = parsed.addresses[0]
            header.append(sender.display_name, "utf-8")
            header.append(f"<{sender.addr_spec}>", "us-ascii")
        else:
            header.append(str(value), "utf-8")
        return f"{name}: {header.encode(linesep=self.linesep)}{self.linesep}".encode("ascii")


def promise(event: MailWanted) -> None:
    """Queue the mail; codes and links are stored encrypted."""
    ahead = 0.0 if event.customer_id else AHEAD_SECONDS  # somebody waits for a code; a night may send many letters
    job_queue.enqueue(JobName.SEND_MAIL, _sealed(event), delay_seconds=-ahead)


def promise_many(event: ManyMailsWanted) -> None:
    """Queue letters to customers, as `promise` does."""
    job_queue.enqueue_many(JobName.SEND_MAIL, map(_sealed, event.mails))


def _sealed(event: MailWanted) -> JsonObject:
    letter = {"shop_id": event.shop_id, "template": event.template, "to": event.to, "locale": event.locale}
    reader = {"customer_id": event.customer_id} if event.customer_id else {}
    content = json.dumps({**letter, "values": event.values, **reader})
    return {"sealed": config.seal(content)}


def opened(payload: Mapping[str, str]) -> Letter:
    """Returns the letter that `promise` queued.

    Raises KeyError for another job's payload, InvalidToken when its key no longer exists.
    """
    letter: Letter = json.loads(config.unseal(payload["sealed"]))
    return letter


def send(payload: Mapping[str, str]) -> None:
    """Write the mail that `promise` queued and send it to WIDGET_MAIL_URL: a folder or a mail server.

    Raises MailNotSent, and KeyError for a missing template or value. A mail that is sent again, because its
    delivery was not confirmed, has the same Message-ID. A letter of a topic that its customer has turned off since is
    not sent.
    """
    wanted = opened(payload)
    shop = shops.by_id(wanted["shop_id"])
    values = wanted["values"]
    if needs_unsubscribing(wanted["template"]) and "customer_id" in wanted:
        if not _is_wanted(shop, wanted):
            return
        values = {**values, "unsubscribe": mail_preferences.link(shop.id, wanted["customer_id"])}
    letter = mail_templates.write(wanted["template"], wanted["locale"], shop, programs.of(shop.id), values)
    written = _hand_over(_message(letter, wanted, hashlib.sha256(payload["sealed"].encode()).hexdigest()[:32]))
    if written is not None and not _is_promised(payload):  # the recipient was erased meanwhile
        written.unlink(missing_ok=True)


def forget(person: Forgotten) -> None:
    """Delete queued mails to this person, those in the folder, and the error texts of jobs that name them.

    Mails in a folder of another host cannot be deleted (docs/security.md).
    """
    for job in list(Job.select().where(Job.name == JobName.SEND_MAIL)):
        if _is_to(person, job.payload):
            Job.delete().where(Job.id == job.id).execute()
    for job in list(Job.select().where(Job.last_error.is_null(False))):
        if person.is_named_in(job.last_error):
            Job.update(last_error=None).where(Job.id == job.id).execute()
    clear_folder(person)
    when_committed(partial(clear_folder, person))  # for a mail that was being written


def clear_folder(person: Forgotten) -> None:
    """Delete the mails to this person in the folder of WIDGET_MAIL_URL; other shops' mails stay."""
    folder = _folder()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with suppress(FileNotFoundError), path.open("rb") as file:  # the program that delivers them took it
            head = BytesHeaderParser(policy=default).parse(file)
            if head.get(SHOP_HEADER, person.shop_id) == person.shop_id and person.is_named_in(head.get("To")):
                path.unlink()


def _is_wanted(shop: Shop, letter: Letter) -> bool:
    customer = customers.live(customers.by_id(shop.id, letter["customer_id"]))
    topic = LETTER_KINDS[letter["template"]].topic
    return customer.erased_at is None and (topic is None or mail_preferences.wants(customer, topic))


def _is_promised(payload: Mapping[str, str]) -> bool:
    return bool(Job.select().where(Job.name == JobName.SEND_MAIL, Job.payload == payload).exists())


def _is_to(person: Forgotten, payload: Mapping[str, str]) -> bool:
    try:
        letter = opened(payload)
    except (InvalidToken, KeyError):  # it cannot be sent either
        return False
    return bool(letter["shop_id"] == person.shop_id and person.is_named_in(letter["to"]))


def _message(letter: mail_templates.Mail, wanted: Letter, id: str) -> EmailMessage:
    sender = _sender(_undecodable(letter.sender))
    message = EmailMessage(policy=Headers())
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    message["From"] = sender
    message["To"] = _reader(wanted["to"])
    message[SHOP_HEADER] = wanted["shop_id"]
    message["Subject"] = _undecodable(letter.subject)
    message["Date"] = clock.now()
    message["Message-ID"] = f"<{id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.language
    if letter.unsubscribe is not None and "customer_id" in wanted:
        message[UNSUBSCRIBE_HEADER] = f"<{letter.unsubscribe}>"
        message[ONE_CLICK_HEADER] = ONE_CLICK
    return message


def _undecodable(text: str) -> str:
    """Returns `text` without the mark of an encoded word: decoded inside a name, it can contain a line break."""
    return text.replace("=?", "= ?")


def _reader(address: str) -> Address:
    """Returns the canonical address (emails.py); raises MailNotSent, which never repeats the input."""
    email = emails.find(address)
    if email is None:
        raise MailNotSent("the reader's address is not in a form that mail can carry")
    return Address(addr_spec=email.key)


def _sender(name: str) -> Address:
    """Returns WIDGET_MAIL_FROM with this display name; raises MailNotSent."""
    mailbox, _, domain = parseaddr(config.current().mail_from)[1].rpartition("@")
    try:
        return Address(name, addr_spec=f"{mailbox}@{domain if domain.isascii() else idna.encode(domain).decode()}")
    except (ValueError, IndexError, MessageError):
        raise MailNotSent("WIDGET_MAIL_FROM is not in a form that mail can carry") from None


def _hand_over(message: EmailMessage) -> Path | None:
    """Send or write the mail; returns the file that was written, None when it was sent. Raises MailNotSent."""
    url = config.current().mail_url
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme == "file":
        return _to_folder(message, Path(url.removeprefix("file://")))
    if scheme in PORTS:
        _to_server(message, url)
        return None
    known = ", ".join(["file", *PORTS])
    raise MailNotSent(f"WIDGET_MAIL_URL has the scheme {scheme!r}; it is one of {known}")


def _folder() -> Path:
    """Returns the folder in WIDGET_MAIL_URL; without one, a path that is not a folder."""
    url = config.current().mail_url
    return Path(url.removeprefix("file://") if url.startswith("file://") else os.devnull)


def _to_folder(message: EmailMessage, folder: Path) -> Path:
    """Write one .eml per mail, atomically; the names sort by time. Returns its path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{clock.now():%Y%m%dT%H%M%S%f}-{message['Message-ID'][1:9]}"
    draft = folder / f".{name}.draft"
    draft.write_bytes(message.as_bytes())
    return draft.replace(folder / f"{name}.eml")


def _to_server(message: EmailMessage, url: str) -> None:
    try:
        server = urlsplit(url)
        with _connected(server) as smtp:
            if server.scheme == "smtp+starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
    except OSError as failure:  # smtplib's errors are of this kind too
        raise MailNotSent(_reason(failure)) from None
    except ValueError:
        raise MailNotSent("WIDGET_MAIL_URL is not like smtp://user:password@host:port") from None


@contextmanager
def _connected(server: SplitResult) -> Iterator[smtplib.SMTP]:
    host, port = server.hostname, server.port or PORTS[server.scheme]
    if not host:
        raise ValueError("no host")
    own_name = urlsplit(config.current().base_url).hostname
    if server.scheme == "smtps":
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, own_name, timeout=TIMEOUT_SECONDS, context=context)
    else:
        smtp = smtplib.SMTP(host, port, own_name, timeout=TIMEOUT_SECONDS)
    try:
        yield smtp
    finally:
        with suppress(OSError):  # a failed QUIT must not send the mail twice
            smtp.quit()


def _reason(failure: OSError) -> str:
    """Returns the kind of failure and its number; the server's own text may repeat addresses."""
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        number: object = next(iter(failure.recipients.values()))[0]
    else:
        number = getattr(failure, "smtp_code", failure.errno)
    return f"{type(failure).__name__} {number if number is not None else ''}".strip()
