# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""Sends requests over connections that may fail, and reads answers that may be wrong."""

from __future__ import annotations

import contextlib
import json
import os
import re
import ssl
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from .._api import retries
from .._ground.errors import Abandoned, BadAnswer, CceError, InputError, OutcomeUnknown, Unauthenticated, Unreachable
from .._ground.text import printable, shortened
from .._ground.times import clock_difference
from .exchange import Exchange
from .refusals import as_error, read_refusal
from .retries import Failure

try:
    import requests
    from requests import Session
    from requests.adapters import HTTPAdapter
    from urllib3.exceptions import HTTPError
except ImportError:
    requests = None  # type: ignore[assignment]
    Session = object  # type: ignore[assignment,misc]
    HTTPAdapter = object  # type: ignore[assignment,misc]
    HTTPError = OSError  # type: ignore[assignment,misc]
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
DEEPEST_NESTING = 64
_CHUNK = 256 * 1024  # bytes
_LEAST_TIME = 0.05  # seconds that a request gets at least
# The value of a header: no line break, and nothing that servers read in different ways.
_HEADER = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
# The headers with a value from a user or a service, and what a message calls it.
_CARRIED = {
    "Authorization": "access_key",
    "X-Security-Token": "security_token",
    "X-Auth-Token": "the token (auth_token, or what IAM has answered)",
    "X-Project-Id": "project_id",
    "X-Metadata-Token": "the session token of the metadata service",
}
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

# Adds the proof of identity to a prepared request.
Authenticate = Callable[["requests.PreparedRequest"], "requests.PreparedRequest"]
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class HttpSettings:
    """How a connection is made.

    Attributes:
        timeout: Seconds that each step may take: a connection, or the next part of an answer.
        retries: How often a request is repeated at most.
        validate_certs: Whether the server's certificate is verified.
        ca_path: A file or directory of certificates to trust instead of the system's.
    """

    timeout: float = 30.0
    retries: int = 4
    validate_certs: bool = True
    ca_path: str | None = None

    @property
    def budget(self) -> float:
        """The seconds that a request may take at most, with all its steps and repetitions."""
        return self.timeout * (self.retries + 1)


@dataclass(frozen=True)
class Answer:
    """A successful answer: the parsed JSON, or the text if the operation answers with plain text."""

    status_code: int
    headers: Mapping[str, str]
    body: Any


class _Adapter(HTTPAdapter):
    """A pool with one connection per host, and TLS 1.2 or newer (Python 3.9 would still allow 1.0)."""

    def __init__(self, exchange: Exchange, *, tls: bool, validate_certs: bool) -> None:
        self._exchange = exchange
        self._tls = tls
        self._validate_certs = validate_certs
        super().__init__(pool_connections=2, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls_context() if self._tls else None, **kwargs)
        self._exchange.govern(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, ssl_context=self._tls_context(), **kwargs)
        if is_new:
            self._exchange.govern(manager)
        return manager

    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self._validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return self._exchange.tls(context)


class _Session(Session):
    """A session that keeps one connection per host open, and neither repeats a request nor follows a redirect.

    The TLS context is made for the first https:// URL, because that takes as long as a whole request on loopback.
    """

    def __init__(self, exchange: Exchange, *, validate_certs: bool) -> None:
        super().__init__()
        self._exchange = exchange
        self._validate_certs = validate_certs
        # Saves a search at every request if the environment has neither a proxy nor a bundle of certificates.
        self.trust_env = any(name.upper() in _BUNDLES or name.upper().endswith("_PROXY") for name in os.environ)
        self.adapters.clear()
        self.mount("http://", _Adapter(exchange, tls=False, validate_certs=validate_certs))

    def get_adapter(self, url: str) -> Any:
        if "https://" not in self.adapters and url.lower().startswith("https://"):
            self.mount("https://", _Adapter(self._exchange, tls=True, validate_certs=self._validate_certs))
        return super().get_adapter(url)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        # requests parses the target even if it does not follow it, and raises ValueError if it is not a valid address.
        return None


@dataclass(frozen=True)
class _Request:
    """The arguments of `Http.send`."""

    method: str
    url: str
    doing: str
    authentication: Authenticate | None
    query: Query
    body: Any
    headers: Mapping[str, str]
    plain_text: bool
    direct: bool


class _TryFailed(Exception):
    """One try of a request failed: what happened, and the error to raise if it is not tried again."""

    def __init__(self, failure: Failure, error: CceError) -> None:
        super().__init__(error.message)
        self.failure = failure
        self.error = error


class Http:
    """Sends requests, repeats them if that is safe, and refuses answers that are not sound.

    Args:
        settings: How a connection is made.
        clock: Returns a monotonic time in seconds.
        now: Returns the time of day in seconds since 1970.
        sleep: Waits some seconds.
        random: Returns a number from 0 up to 1.
        user_agent: The value of the header `User-Agent`.
        notice: Called with a text before every repetition.
        conceal: Removes secrets from an error answer, before a part of it is cut off.
        is_abandoned: Whether the run that sends the requests has ended. Called before each one.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        clock: Callable[[], float],
        now: Callable[[], float],
        sleep: Callable[[float], None],
        random: Callable[[], float],
        user_agent: str,
        notice: Callable[[str], None] = lambda text: None,
        conceal: Callable[[str], str] = lambda text: text,
        is_abandoned: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._random = random
        self._user_agent = user_agent
        self._exchange = Exchange(clock)
        self._session = _Session(self._exchange, validate_certs=settings.validate_certs)
        self._notice = notice
        self._conceal = conceal
        self._is_abandoned = is_abandoned
        # The end of the whole operation that requests are part of, on `clock`.
        self._deadline: float | None = None
        # How many seconds the clock of the last service that answered is ahead of ours.
        self.clock_difference: float | None = None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def service_now(self) -> float:
        """Return the time of day in seconds since 1970: by the service's clock, or by ours if no answer told it yet."""
        return self._now() + (self.clock_difference or 0.0)

    @contextlib.contextmanager
    def not_after(self, end: float) -> Iterator[None]:
        """Let no request last longer than until a time on `clock`, and repeat none after it."""
        before, self._deadline = self._deadline, end
        try:
            yield
        finally:
            self._deadline = before

    def send(
        self,
        method: str,
        url: str,
        *,
        doing: str,
        authentication: Authenticate | None = None,
        query: Query = (),
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        plain_text: bool = False,
        idempotent: bool = False,
        repeat: bool = True,
        direct: bool = False,
        settings: HttpSettings | None = None,
    ) -> Answer:
        """Send a request and return its answer.

        Args:
            method: The HTTP method.
            url: The URL without a query.
            doing: What is asked, in words that follow "Could not ".
            authentication: Adds the proof of identity. If it has a method `renew`, this is called once after a 401.
            query: Name and value of each query parameter, not quoted.
            body: What to send as JSON.
            headers: Headers to send with it.
            plain_text: Whether the operation answers with plain text instead of JSON.
            idempotent: Whether the request may be repeated like a GET (a login, for instance, changes nothing).
            repeat: Whether to repeat the request here if that is safe. False for a request that depends on the state of
                the service, which may change during the pause: the error then says how long to pause (`again_in`).
            direct: Whether to use no proxy.
            settings: Settings to use instead of the client's own.

        Raises:
            Abandoned: The run has ended, so nothing was sent.
            Refused: The service answered with an error.
            Unreachable: There was no connection.
            BadAnswer: The answer is not one that the API gives.
            OutcomeUnknown: A write failed, and it is unknown whether it was carried out.
        """
        settings = settings or self._settings
        end = self._clock() + settings.budget
        if self._deadline is not None:
            end = min(end, self._deadline)
        request = _Request(method, url, doing, authentication, query, body, headers or {}, plain_text, direct)
        with self.not_after(end):  # a login on the way gets no extra time
            return self._sent(request, settings, end, "GET" if idempotent else method, repeat)

    def _sent(self, request: _Request, settings: HttpSettings, end: float, repeatable: str, repeat: bool) -> Answer:
        """Send a request and repeat it by the rules for `repeatable`, an HTTP method."""
        attempt = 0
        renewed = False
        while True:
            attempt += 1
            try:
                return self._try(request, settings, end)
            except _TryFailed as failed:
                failure, error = failed.failure, failed.error
            renew = getattr(request.authentication, "renew", None)
            if isinstance(error, Unauthenticated) and renew is not None and not renewed:
                renewed = True
                if renew():
                    continue
            pause = retries.delay(failure, attempt, self._now(), self._random)
            repeatable_now = error.retryable is not False and retries.may_repeat(repeatable, failure)
            if repeatable_now and not repeat:
                error.again_in = pause
                raise error
            if repeatable_now and attempt <= settings.retries and self._clock() + pause < end:
                self._notice(f"{shortened(error.message, 300)} Trying again in {pause:.0f} s.")
                self._sleep(pause)
                continue
            if retries.outcome_is_unknown(repeatable, failure):
                raise OutcomeUnknown(
                    f"{error.message} Whether it was carried out is not known.",
                    status_code=error.status_code,
                    error_code=error.error_code,
                    request_id=error.request_id,
                    retryable=False,
                    details=error.details,
                )
            if attempt > 1:
                error.message += f" It was tried {attempt} times."
            raise error

    def _try(self, request: _Request, settings: HttpSettings, end: float) -> Answer:
        """Send a request once.

        Raises:
            _TryFailed: It failed.
        """
        doing, url = request.doing, request.url
        try:
            prepared = self._prepared(request)
        except requests.RequestException as error:
            raise _TryFailed(*_no_answer(doing, url, error, waited=0, sent=False)) from None
        begun = self._clock()
        self._exchange.begin(
            step=settings.timeout, end=max(end, begun + _LEAST_TIME), check=partial(self._refuse_if_abandoned, doing)
        )
        try:
            surroundings = self._session.merge_environment_settings(
                prepared.url,
                proxies={"http": "", "https": ""} if request.direct else {},
                stream=True,
                verify=(settings.ca_path or True) if settings.validate_certs else False,
                cert=None,
            )
            sending = self._session.send(prepared, timeout=settings.timeout, allow_redirects=False, **surroundings)
            with sending as response:
                difference = clock_difference(response.headers, self._now())
                if difference is not None:
                    self.clock_difference = difference
                raw = self._read(response, doing)
        except requests.RequestException as error:
            waited = self._clock() - begun
            raise _TryFailed(*_no_answer(doing, url, error, waited=waited, sent=self._exchange.is_sent)) from None
        return _answer(request, response, raw, self._conceal)

    def _prepared(self, request: _Request) -> requests.PreparedRequest:
        """Return a request as it is sent.

        Not prepared by the session, because it would add cookies and a password from ~/.netrc. Not quoted by requests,
        because exactly the bytes that are sent must be signed.
        """
        query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in request.query)
        _check_headers(request.doing, request.headers)
        headers = {
            "User-Agent": self._user_agent,
            "Accept": "application/json",
            # No compression: a small body cannot turn into a huge one.
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
            **request.headers,
        }
        content = None
        if request.body is not None:
            content = json.dumps(request.body, ensure_ascii=False, allow_nan=False).encode("utf-8")
            headers["Content-Type"] = "application/json"
        prepared = requests.Request(
            request.method,
            f"{request.url}?{query}" if query else request.url,
            data=content,
            headers=headers,
            auth=request.authentication,
        ).prepare()
        _check_headers(request.doing, prepared.headers)
        return prepared

    def _refuse_if_abandoned(self, doing: str) -> None:
        if self._is_abandoned():
            raise Abandoned(
                f"Could not {doing}: the run of Ansible that this was for has ended, so nothing was sent. Run it again."
            )

    def _read(self, response: requests.Response, doing: str) -> bytes:
        """Return the body. It is read in parts, so that both its size and its time are limited."""
        parts: list[bytes] = []
        size = 0
        try:
            for part in _parts(response.raw):
                size += len(part)
                if size > LARGEST_ANSWER:
                    text = (
                        f"Could not {doing}: {_place(response.url)} answers with more than "
                        f"{LARGEST_ANSWER // 1024 // 1024} MiB. This is not what the API does; check the endpoint."
                    )
                    raise _TryFailed(Failure(sent=True), BadAnswer(text, retryable=False))
                parts.append(part)
                self._exchange.left()
        except (OSError, HTTPException, HTTPError) as error:  # requests would translate these if it read the body
            raise requests.exceptions.ConnectionError(error) from None
        expected = response.headers.get("Content-Length")
        if expected and expected.isdigit() and size < int(expected) and response.request.method != "HEAD":
            raise requests.exceptions.ConnectionError(f"the answer ended after {size} of {expected} bytes")
        return b"".join(parts)


def _parts(raw: Any) -> Any:
    """Yield the body as it comes. `read` would wait for a whole chunk, even from a server that is slow on purpose."""
    read = getattr(raw, "read1", None)  # urllib3 2
    if read is None:
        read = getattr(raw, "_fp", raw).read1  # urllib3 1: http.client's
    while True:
        part = read(_CHUNK)
        if not part:
            return
        yield part


def _check_headers(doing: str, headers: Mapping[str, Any]) -> None:
    """Refuse a header that cannot be sent. The libraries would refuse it as well, and quote it, secrets included.

    Raises:
        InputError: A header cannot be sent.
    """
    for name, value in headers.items():
        if not (isinstance(value, str) and _HEADER.fullmatch(value)):
            raise InputError(
                f"Could not {doing}: {_CARRIED.get(name, name)} holds a line break, a space at its end or another "
                "character that no header can hold, so the request was not sent. Remove that character."
            )


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def _place(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _destination(url: str, response: requests.Response) -> str:
    """Return the scheme and host that a redirect leads to. A relative one stays on the host of the request."""
    try:
        return printable(_place(urljoin(url, response.headers.get("Location") or "")))
    except ValueError:
        return "an invalid address"


def _innermost(error: BaseException) -> BaseException:
    """Return the original error. requests wraps the errors of urllib3, which wraps those of the operating system."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = getattr(error, "reason", None)
        candidates = [inner, error.__cause__, error.__context__, *error.args]
        found = next((item for item in candidates if isinstance(item, BaseException) and id(item) not in seen), None)
        if found is None:
            return error
        error = found
    return error


def _chain(error: BaseException) -> set[str]:
    """Return the names of the classes of an error and of all errors that it wraps."""
    names: set[str] = set()
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        names |= {kind.__name__ for kind in type(item).__mro__}
        inner = [getattr(item, "reason", None), item.__cause__, item.__context__, *item.args]
        waiting += [wrapped for wrapped in inner if isinstance(wrapped, BaseException)]
    return names


# Errors of requests and urllib3 that mean that no connection was made.
_NO_CONNECTION = frozenset(
    ("ConnectTimeout", "ConnectTimeoutError", "NewConnectionError", "NameResolutionError", "gaierror")
)


def _no_answer(doing: str, url: str, error: Exception, *, waited: float, sent: bool) -> tuple[Failure, CceError]:
    """Return the failure and the error for a request that got no answer."""
    return Failure(sent=sent), _no_answer_error(doing, _place(url), error, waited)


def _no_answer_error(doing: str, where: str, error: Exception, waited: float) -> CceError:
    names = _chain(error)
    inner = _innermost(error)
    cause = printable(shortened(str(getattr(inner, "strerror", None) or inner) or type(inner).__name__, 300))
    if "SSLCertVerificationError" in names:
        reason = getattr(inner, "verify_message", None) or cause
        text = (
            f"Could not {doing}: the certificate of {where} is not trusted ({printable(str(reason))}). Set ca_path to "
            "the certificate of the authority that signed it; validate_certs: false turns the check off."
        )
        return Unreachable(text, retryable=False)
    if isinstance(error, requests.exceptions.InvalidURL) or "LocationParseError" in names:
        return Unreachable(f"Could not {doing}: {where} is not a usable URL.", retryable=False)
    if isinstance(error, OSError) and "RequestException" not in names:
        return Unreachable(f"Could not {doing}: {cause}.", retryable=False)
    if "ProxyError" in names:
        text = f"Could not {doing}: the proxy for {where} cannot be used ({cause}). Check HTTPS_PROXY and NO_PROXY."
        return Unreachable(text)
    if names & _NO_CONNECTION:
        text = (
            f"Could not {doing}: no connection to {where} ({cause}). Check endpoint and region, the network, and "
            "whether a proxy is needed (HTTPS_PROXY)."
        )
        return Unreachable(text)
    if names & {"ReadTimeout", "ReadTimeoutError", "TimeoutError", "timeout"}:
        text = f"Could not {doing}: {where} did not answer in time ({waited:.1f} s). The option timeout allows more."
        return Unreachable(text)
    if "SSLError" in names:
        text = f"Could not {doing}: no secure connection to {where} ({cause}). TLS 1.2 at least is needed."
        return Unreachable(text)
    return Unreachable(f"Could not {doing}: the connection to {where} broke ({cause}).")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check_depth(document: Any) -> None:
    level = [document]
    for _depth in range(DEEPEST_NESTING):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {DEEPEST_NESTING} levels")


def parse_json(raw: bytes) -> Any:
    """Return a JSON document. It is refused if two programs could read it differently.

    Raises:
        ValueError: It is not JSON, is cut off, has a key twice, a number that JSON does not have or half a character,
            or is nested deeper than any answer of the API.
    """
    try:
        # Some proxies and servers put a byte order mark in front. It has no meaning in UTF-8.
        document = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST_NESTING} levels") from None
    if isinstance(document, (dict, list)):
        _check_depth(document)
    if b"\\ud" in raw.lower():
        _check_characters(document)
    return document


def _check_characters(document: Any) -> None:
    """Refuse half a character, which JSON can contain as an escape, because it cannot be encoded again."""
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("it holds half a character") from None


def _answer(request: _Request, response: requests.Response, raw: bytes, conceal: Callable[[str], str]) -> Answer:
    """Return a response as an answer.

    Raises:
        _TryFailed: It is an error answer, or not an answer of the API.
    """
    status = response.status_code
    content_type = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    is_json = content_type in ("", "application/json") or content_type.endswith("+json")
    parsed, defect = None, None
    try:
        parsed = parse_json(raw) if raw.strip() and (is_json or not 200 <= status < 300) else None
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        defect = str(error)
    if status >= 400:
        raise _refused(request.doing, response, raw, parsed, conceal)
    if 200 <= status < 300 and (request.plain_text or isinstance(parsed, dict)):
        return Answer(status, response.headers, parsed if isinstance(parsed, dict) else raw.decode("utf-8", "replace"))

    request_id = response.headers.get("X-Request-Id")
    if 300 <= status < 400:
        what = (
            f"a redirect ({status}) to {_destination(request.url, response)}, which is not followed, "
            "as credentials must not go elsewhere"
        )
    elif not raw.strip():
        what = f"an empty body ({status})"
    elif not is_json:
        what = f"{printable(content_type)} instead of JSON ({status})"
    elif defect:
        what = f"a body that is not sound JSON ({status}: {printable(shortened(defect, 200))})"
    else:
        what = f"JSON that is not an object ({status})"
    # A body that was cut off may be complete the next time. The other defects stay.
    cut_off = defect is not None and 200 <= status < 300
    raise _TryFailed(
        Failure(sent=True),
        BadAnswer(
            f"Could not {request.doing}: {_place(request.url)} answered with {what} (request id "
            f"{printable(request_id) if request_id else 'not given'}). "
            "Check that endpoint is that of CCE, and that no proxy or portal stands in between.",
            status_code=status,
            request_id=request_id,
            retryable=cut_off,
        ),
    )


def _refused(
    doing: str, response: requests.Response, raw: bytes, parsed: Any, conceal: Callable[[str], str]
) -> _TryFailed:
    """Return the exception for an error answer."""
    status = response.status_code
    refusal = read_refusal(status, response.headers, conceal(raw.decode("utf-8", "replace")), parsed)
    refusal = replace(
        refusal,
        message=conceal(refusal.message) if refusal.message else None,
        details={name: conceal(said) if isinstance(said, str) else said for name, said in refusal.details.items()},
    )
    failure = Failure(
        sent=True,
        status_code=status,
        error_code=refusal.error_code,
        retry_after=response.headers.get("Retry-After"),
    )
    return _TryFailed(failure, as_error(doing, refusal))
