"""A small provider of OpenID Connect, which does wrong whatever a test wants it to."""

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import encode

from callkeeper.clock import Clock

CLIENT = "callkeeper"
SECRET = "hush: 100 % secret"  # with what a form has to escape
SUBJECT = "248289761001"

Key = ECKey | RSAKey | OctKey
Answer = tuple[int, bytes]


def ec_key(kid: str = "one") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


def challenge(verifier: str) -> str:
    """Return what somebody shows first who knows a secret."""
    return _base64(sha256(verifier.encode()).digest())


def _base64(what: bytes) -> str:
    return urlsafe_b64encode(what).decode().rstrip("=")


class Provider:
    """A provider on a port of its own: whoever comes there is let in at once, as ``SUBJECT``.

    Asked for a ``max_age``, it has them show who they are, and says that they did so just now.

    ``claims`` are put into its tokens beside, or in place of, what belongs there; a value None
    leaves one out. ``answers`` stands in for what a path is answered with.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.claims: dict[str, Any] = {}
        self.answers: dict[str, Callable[[], Answer]] = {}
        self.asked: list[str] = []
        self.key: Key = ec_key()
        self.published: list[Key] = [self.key]
        self.alg = "ES256"
        self.kid: str | None = "one"
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens_of: list[dict[str, str]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            wbufsize = -1  # an answer is one packet

            def do_GET(self) -> None:
                provider.answer(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="provider")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def be_good(self) -> None:
        """Do right from now on."""
        self.claims, self.answers = {}, {}
        self.alg, self.kid = "ES256", "one"
        self.key = self.published[0]

    def offer(self) -> dict[str, Any]:
        """Return what it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "scopes_supported": ["openid"],
        }

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = urlsplit(request.path).path
        self.asked.append(path)
        length = int(request.headers.get("content-length", 0))
        form = {k: v[-1] for k, v in parse_qs(request.rfile.read(length).decode()).items()}
        location = None
        if path in self.answers:
            status, body = self.answers[path]()
        elif path == "/.well-known/openid-configuration":
            status, body = 200, json.dumps(self.offer()).encode()
        elif path == "/keys":
            status, body = 200, self._key_set()
        elif path == "/authorize":
            asked = {k: v[-1] for k, v in parse_qs(urlsplit(request.path).query).items()}
            status, body, location = 303, b"", self.let_in(asked)
        else:
            status, body = self._tokens(form, request.headers.get("authorization", ""))
        request.send_response(status)
        request.send_header("content-length", str(len(body)))
        if location:
            request.send_header("location", location)
        request.end_headers()
        try:
            request.wfile.write(body)
        except OSError:
            return  # whoever asked has had enough

    def let_in(self, asked: dict[str, str]) -> str:
        """Return where somebody is sent back to."""
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        code = f"code {len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: dict[str, str]) -> str:
        """Return an ID token."""
        now = self.clock.now() // 1000
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": SUBJECT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "auth_time": now if "max_age" in asked else None,
        } | self.claims
        header = {"alg": self.alg} | ({"kid": self.kid} if self.kid else {})
        said = {name: value for name, value in claims.items() if value is not None}
        if self.alg == "none":
            return f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(said).encode())}."
        return encode(header, said, self.key, registry=JWSRegistry(algorithms=[self.alg]))

    def _tokens(self, form: dict[str, str], authorization: str) -> Answer:
        self.tokens_of.append(form | {"authorization": authorization})
        asked = self.codes.pop(form.get("code", ""), None)
        known = asked and (asked["redirect_uri"], asked["code_challenge"])
        if asked is None or known != (form.get("redirect_uri"), challenge(form["code_verifier"])):
            return 400, b'{"error":"invalid_grant"}'
        tokens = {"access_token": "x", "token_type": "Bearer", "id_token": self.token(asked)}
        return 200, json.dumps(tokens).encode()

    def _key_set(self) -> bytes:
        keys = [each.as_dict(private=False) for each in self.published]
        return json.dumps({"keys": keys}).encode()
