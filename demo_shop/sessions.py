"""Server-side sessions: the browser has a random session id; cart and log-in are stored here."""

import hashlib
import json
import secrets
import time
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin

from demo_shop.database import Database

LIFETIME = timedelta(days=30)


class StoredSession(SecureCookieSession):
    """A session with the id (`sid`) it is stored under."""

    sid: str | None = None
    replaced: str | None = None

    def renew(self) -> None:
        """Take a new id: after a log-in or log-out, the old one must not be valid."""
        self.replaced, self.sid = self.sid, None
        self.modified = True


class Sessions(SessionInterface):
    """Reads and writes sessions; only the digest of a session id is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_session(self, app: Flask, request: Request) -> StoredSession:
        """Returns the session of the browser's cookie, or an empty one."""
        sid = request.cookies.get(self.get_cookie_name(app))
        data = self._load(sid) if sid else None
        session = StoredSession(data)
        session.sid = sid if data is not None else None
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Store a modified session; an unmodified one is not written and sets no cookie."""
        assert isinstance(session, StoredSession)
        if session.accessed:
            response.vary.add("Cookie")
        if not session.modified:
            return
        session.sid = session.sid or secrets.token_urlsafe(24)
        with self._database.write() as connection:
            connection.execute("DELETE FROM sessions WHERE seen_at < ?", (_oldest(),))
            if session.replaced:
                connection.execute("DELETE FROM sessions WHERE digest = ?", (_digest(session.replaced),))
            connection.execute(
                "INSERT INTO sessions (digest, data, seen_at) VALUES (?, ?, ?) "
                "ON CONFLICT (digest) DO UPDATE SET data = excluded.data, seen_at = excluded.seen_at",
                (_digest(session.sid), json.dumps(dict(session)), time.time()),
            )
        response.set_cookie(self.get_cookie_name(app), session.sid, max_age=LIFETIME, httponly=True, samesite="Lax")

    def _load(self, sid: str) -> dict[str, Any] | None:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT data FROM sessions WHERE digest = ? AND seen_at >= ?", (_digest(sid), _oldest())
            ).fetchone()
        return json.loads(row["data"]) if row else None


def _digest(sid: str) -> str:
    return hashlib.sha256(sid.encode()).hexdigest()


def _oldest() -> float:
    return time.time() - LIFETIME.total_seconds()
