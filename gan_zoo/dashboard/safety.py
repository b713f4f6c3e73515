"""Who may ask the server, and for what: reading only, from this machine or with a token, and no page of another site.

Each check stands for an attack. The name in `Host` is checked against DNS rebinding, by which a page of another site
reaches a server of this machine under the site's own name. A token takes the place of that check where the server can
be reached from outside: a browser sends it to the name under which it was given, and to no other.
"""

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine that a browser on it, or at the end of an SSH tunnel, puts into `Host`."""
LONGEST = 4096
"""Most bytes of a path and its query."""
SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self' http://127.0.0.1:* http://localhost:*",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Headers of every answer. A page shows pictures and runs scripts of this server alone, and none within itself; a
notebook of this machine may hold it in a frame.
"""


class SafeHeaders:
    """Put `SAFE_HEADERS` on every answer. Headers that the answer has itself stay."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, safely)


class Guard:
    """Refuse every request that does not read, is too long, comes from another site's page, or lacks the token.

    Args:
        app: The application.
        token: What a request must know; "" lets every request pass.
        cookie: Name of the cookie that holds the token.
        uploads: Paths to which a request may send something by POST.
    """

    def __init__(self, app: ASGIApp, token: str, cookie: str, uploads: tuple[str, ...] = ()) -> None:
        self.app, self.token, self.cookie, self.uploads = app, token, cookie, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = self._refusal(scope) or (self._entry(scope) if self.token else None)
        await (answer or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return why a request is refused, whoever sends it; None if it is not."""
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD") and (scope["method"], scope["path"]) not in self._posts():
            return refuse(405, "This server only reads: ask with GET or HEAD.", Allow="GET, HEAD")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST:
            return refuse(414, f"The address is too long: it may have {LONGEST:,} bytes.")
        is_visit = headers.get("sec-fetch-mode") == "navigate" and scope["method"] in ("GET", "HEAD")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not is_visit:
            return refuse(403, "A page of another site may not ask this server.")
        return None

    def _posts(self) -> set[tuple[str, str]]:
        return {("POST", path) for path in self.uploads}

    def _entry(self, scope: Scope) -> Response | None:
        """Return what a request gets that does not know the token, or that has it in its address; None: let it pass."""
        headers, query = (
            Headers(scope=scope),
            parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
        )
        typed = dict(query).get("token")
        if typed is not None and self._is_right(typed):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            # A relative address, as a proxy may show this server below a path of its own.
            place = scope["path"].rpartition("/")[2] or "./"
            answer = RedirectResponse(f"{place}?{rest}" if rest else place, status_code=303)
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict")
            return answer
        known = [headers.get("authorization", "").removeprefix("Bearer "), self._in_cookie(headers)]
        if any(map(self._is_right, known)):
            return None
        return refuse(401, "Open the address that gan-zoo dashboard has printed: it holds a token.")

    def _is_right(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self.token.encode())

    def _in_cookie(self, headers: Headers) -> str:
        """Return the token in a request's cookie; "" if there is none."""
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return ""
        return cookies[self.cookie].value if self.cookie in cookies else ""


def refuse(status: int, reason: str, **headers: str) -> Response:
    """Return the answer to a request that is refused."""
    return PlainTextResponse(f"{reason}\n", status_code=status, headers=headers)
