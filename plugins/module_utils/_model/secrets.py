# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""What is a secret in the settings of an add-on, and in what is said about them. Pure.

This decides what is shown only. What is sent, and the fingerprint of it, never pass through here.

Sources: the names of keys are those that the keyword detector of detect-secrets 1.5, the rule `generic-api-key` of
gitleaks 8 and the scrubber of sentry-sdk 2 look for, what `kubectl config view` leaves out, and the types of secrets
that Kubernetes has. The shapes of texts are those of detect-secrets and gitleaks that need no guessing. What is masked
and what is not is told to users in docs/secrets.md.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .._ground.text import printable
from .values import KeyPath

# Instead of a value that is a secret, and instead of a secret inside a text. Ansible has always called them so.
MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
STARS = "********"

Span = tuple[int, int]

# What is shorter is part of too much other text: to hide it there would leave no result readable.
_SHORTEST_NUMBER = 6  # digits
_SHORTEST_TEXT = 4  # characters
# JSON in a text that has more brackets is looked through as text: it may be nested more deeply than Python can follow.
_MOST_BRACKETS = 400
# A piece of a secret, such as a line of a private key.
_SHORTEST_PIECE = 16
# Values that settings of every kind have. Where they stand they are masked; looked for, they would hide plain words.
_NO_SECRETS = frozenset(
    "true false none null default enabled disabled auto basic bearer digest custom flavor opaque password passwords "
    "token tokens secret secrets cookie jwt authorization".split()
)


# Names

# What announces a secret wherever it is in a name that is written as one word.
_ANYWHERE = re.compile(
    "passw(?:or)?d|passphrase|passcode|passkey|secret|credential|kubeconfig|docker_?config|dockercfg|htpasswd|"
    "authorization|basicauth|cookie|connectionstring|(?:access|private|api|auth|service|account|db|database|priv|"
    "client|encryption|signing|ssh|tls|ssl|master)keys?(?!space)|contrase(?:ñ|n)a|密码|密鑰|密钥|口令|令牌"
)
# Words of a name that announce one.
_WORDS = frozenset(
    "pass pwd cred creds token tokens ak sk jwt jwts jwk jwks bearer otp totp csrf xsrf csrftoken xsrftoken sessionid "
    "netrc pgpass keystore keytab pkcs12 p12 pfx jks sas psk hmac mfa".split()
)
# Last words of a name whose value is a secret if it is a text; what has a structure is looked through.
_WORDS_OF_TEXT = frozenset("auth auths dsn pat pin session salt signature rsa dsa ecdsa ed25519 private".split())
# How a name that is written as one word ends.
_ENDS = ("pass", "pwd", "token", "tokens", "jwt")
_NO_PASS = frozenset(("bypass", "compass", "overpass", "encompass", "trespass", "surpass"))
# What comes before `key` where it is a name, or is meant for everybody.
_PUBLIC = frozenset(
    "public pub topology label labels annotation annotations match selector taint taints toleration tolerations "
    "partition sort foreign shard sharding routing tag tags metric metrics field column group search lookup node "
    "authorized mon tur don hot whis joc hoc".split()
)
# What comes after `key` where it is still the key itself.
_KEY_ITSELF = frozenset(
    "data pem base64 b64 value text content contents material raw string old new next previous".split()
)
_KEY_ENDINGS = ("key", "keys")

_BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _words(name: str) -> list[str]:
    """Return the words of a name in camelCase, snake_case or kebab-case."""
    return [word.lower() for word in _BETWEEN_WORDS.split(name) if word]


def looks_secret(name: str) -> bool:
    """Whether the name of a key announces a secret (`password`, `swrSecretKey`, `webhook_token`), whatever it holds."""
    words = _words(name)
    joined = "".join(words)
    if joined.startswith(("public", "pub")) and joined.endswith(_KEY_ENDINGS):
        return False
    return (
        _ANYWHERE.search(joined) is not None
        or not _WORDS.isdisjoint(words)
        or any(word.endswith(_ENDS) and word not in _NO_PASS for word in words)
        or _names_a_key(words)
    )


def _names_a_key(words: Sequence[str]) -> bool:
    """Whether words name a key for a lock: `ssh_key`, `client-key-data`, but neither `public_key` nor `topologyKey`."""
    for place, word in enumerate(words):
        if not word.endswith(_KEY_ENDINGS):
            continue
        if not all(after in _KEY_ITSELF or after.isdigit() for after in words[place + 1 :]):
            continue
        of = word[: word.rindex("key")] or "".join(words[place - 1 : place] or words[place + 1 :])
        if of and of not in _PUBLIC and not of.endswith("public"):
            return True
    return False


def _may_name_one(name: str) -> bool:
    return looks_secret(name) or not _WORDS_OF_TEXT.isdisjoint(_words(name)[-1:])


# Structures

_NAMES_OF_NAMES = frozenset(("name", "key", "variable", "header", "option", "parameter"))
_NAMES_OF_VALUES = frozenset(("value", "values", "content", "default", "val"))
_PRIVATE_HALF = frozenset(("key", "keys"))
# What stands beside, or above, the private half of a pair.
_PAIRS = frozenset("public pub cert certs certificate crt tls ssl ssh x509 certificateauthority".split())


def _secret_keys(mapping: Mapping[Any, Any], path: KeyPath, marked: Sequence[str]) -> set[str]:
    """Return the keys of a mapping whose values are secrets."""
    keys = {str(key): value for key, value in mapping.items()}
    found = {key for key, value in keys.items() if _is_secret((*path, key), value, marked)}
    named = [value for key, value in keys.items() if key.lower() in _NAMES_OF_NAMES and isinstance(value, str)]
    if any(_may_name_one(name) or name in marked for name in named):
        found |= {key for key in keys if key.lower() in _NAMES_OF_VALUES}
    beside = {word for key in (*keys, *path[-1:]) for word in (*_words(key), "".join(_words(key)))}
    if not _PAIRS.isdisjoint(beside):
        found |= {key for key in keys if key.lower() in _PRIVATE_HALF}
    return found


def _is_secret(path: KeyPath, value: object, marked: Sequence[str]) -> bool:
    name = path[-1]
    if name in marked or ".".join(path) in marked:
        return True
    return looks_secret(name) or (not isinstance(value, (dict, list)) and _may_name_one(name))


_COMMAND_OPTION = re.compile(r"-{0,2}[\w.-]+")


def _follows_its_name(items: Sequence[Any], place: int) -> bool:
    """Whether an item of a list is a secret because of the one before it: `[--password, x]`."""
    before = items[place - 1] if place else None
    if not isinstance(before, str) or not _COMMAND_OPTION.fullmatch(before) or not looks_secret(before):
        return False
    return not (isinstance(items[place], str) and items[place].startswith("--"))


# Texts

# A name that is given a value, in JSON, YAML, a command, a URL or what Go prints of a map.
_ASSIGNED_NAME = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]+)(?:\\*["'])?(?=\s{0,9}[:=])""")
# A value is quoted; or it goes to the next space, where none stands before it; or else to the end of its line.
_VALUE = re.compile(
    r"""
        \s*[:=]>?\s*(?P<quote>\\*["'])(?P<quoted>.*?)(?P=quote)
      | =(?P<joined>[^\s;&"']+)
      | :(?P<close>[^\s;&"'/\])}][^\s;&"'\])}]*)
      | (?:[ ]*=[ ]+|[ ]*:[ ]+)(?P<rest>[^\s"'|>\[{][^\n]*)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPTION_IN_TEXT = re.compile(
    r"""(?:^|\s)--?(?P<name>[\w.-]+)\s+(?P<quote>["']?)(?P<value>[^\s"'-][^\s"']*)(?P=quote)"""
)
# The lines below a key of YAML in a text: a block, or a list.
_BLOCK = re.compile(
    r"^(?P<indent>[ \t]*)(?:- )?[\"']?(?P<name>[\w.-]+)[\"']?:[ \t]*(?:[|>][+-]?\d?)?[ \t]*\n"
    r"(?P<block>(?:(?P=indent)(?:[ \t]+|- )[^\n]*(?:\n|\Z))+)",
    re.MULTILINE,
)
_LINE = re.compile(r"[ \t]*(?:- )?(?P<line>[^\n]+)")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*-----|\Z)", re.DOTALL
)
_ENCODED_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]+")
_USER_IN_URL = re.compile(r"://(?P<strict>[^\s/?#@\"'<>]+)@|://(?P<greedy>[^\s@:/]*:[^\s\"'<>]+)@")
# `user:password@host` without a scheme, as drivers of databases take it; not the digest of an image.
_USER_BEFORE_HOST = re.compile(r"(?:^|(?<=[\s\"'=,;(]))[\w.+-]+:(?P<value>[^\s@/\"']+)@(?!sha\d+:)(?=[\w\[(])")
# What is no plain word after the name of a scheme.
_SCHEME = re.compile(
    r"\b(?i:Bearer|Basic|Token|Digest|Negotiate)\s+(?P<value>[\w~+/](?=[\w.~+/=-]*[A-Z0-9=])[\w.~+/=-]{7,})"
)
# Secrets that are known by how they begin.
_KNOWN = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[oprsu]_\w{16,}|\bgithub_pat_\w{16,}"
    r"|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{8,}|\b[rs]k_(?:live|test)_\w{8,}|\bAIza[\w-]{30,}|\bSG\.[\w-]{8,}\.[\w-]+"
    r"|\b(?:npm|hf|dop_v1|hvs|dckr_pat)[_.][\w-]{16,}|\bAGE-SECRET-KEY-1\w+"
    r"|(?<=hooks\.slack\.com/services/)[\w/]+|(?<=/api/webhooks/)\d+/[\w-]+|\b\d{8,10}:AA[\w-]{30,}"
)


def _spans(text: str, *, is_sentence: bool = False) -> Iterator[Span]:
    """Yield where secrets stand in a text, whatever it is the value of."""
    for pattern in (_PRIVATE_KEY, _KNOWN):
        yield from (match.span() for match in pattern.finditer(text))
    for match in _ENCODED_PEM.finditer(text):
        if b"PRIVATE KEY" in _decoded(match[0]):
            yield match.span()
    yield from _users(text)
    for match in _SCHEME.finditer(text):
        yield match.span("value")
    yield from _assigned(text, is_sentence)


def _users(text: str) -> Iterator[Span]:
    if "@" not in text:
        return
    yield from (match.span("value") for match in _USER_BEFORE_HOST.finditer(text))
    for match in _USER_IN_URL.finditer(text):
        kind = "strict" if match["strict"] else "greedy"
        start, end = match.span(kind)
        user, _colon, password = match[kind].partition(":")
        # A token can stand in the place of the user, alone or with a word for a password.
        yield (start + len(user) + 1, end) if password and len(user) < _SHORTEST_PIECE else (start, end)


def _assigned(text: str, is_sentence: bool) -> Iterator[Span]:
    end = 0
    for named in _ASSIGNED_NAME.finditer(text):
        value = _VALUE.match(text, named.end()) if named.start() >= end and _may_name_one(named["name"]) else None
        # In a sentence, a colon and a space come before what is wrong: `imagePullSecrets: Required value`.
        if value and value.lastgroup and not (is_sentence and value.lastgroup == "rest"):
            end = value.end(value.lastgroup)
            yield value.span(value.lastgroup)
    for match in _OPTION_IN_TEXT.finditer(text):
        if looks_secret(match["name"]):
            yield match.span("value")
    for match in _BLOCK.finditer(text) if "\n" in text else ():
        if _may_name_one(match["name"]):
            yield from (line.span("line") for line in _LINE.finditer(text, *match.span("block")))


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded[: len(encoded) // 4 * 4])
    except (ValueError, binascii.Error):
        return b""


def _document(text: str) -> Any:
    """Return the JSON that a text is, if it has a structure; None if not."""
    if not text.lstrip().startswith(("{", "[")) or text.count("[") + text.count("{") > _MOST_BRACKETS:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def without_secrets(message: str) -> str:
    """Return what a service says with stars where a secret stands that is known by its shape, or the name before it."""
    return starred(message, _spans(message, is_sentence=True))


def starred(text: str, spans: Iterable[Span]) -> str:
    """Return a text with stars in the place of spans; once for those that touch, so that no rest stays between them."""
    parts: list[str] = []
    end = 0
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if start > end or not parts:
            parts += [text[end:start], STARS]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def marked_if_whole(text: str, spans: Iterable[Span]) -> str:
    """Return a text with stars in the place of spans, or the mark for a secret if they are all of it."""
    shown = starred(text, spans)
    return MASK if shown == STARS else shown


def _masked_text(text: str, marked: Sequence[str]) -> str:
    document = _document(text)
    if document is None:
        return marked_if_whole(text, _spans(text))
    shown_document = masked(document, marked)
    return text if shown_document == document else json.dumps(shown_document, ensure_ascii=False)


# Values


def secrets(values: Any, marked: Sequence[str] = (), path: KeyPath = (), *, below: bool = False) -> Iterator[str]:
    """Yield every secret text and number in values.

    That is what stands below a key that looks secret, or one that the user marked, and what is a secret by its shape.
    `marked` holds keys (`webhook`) or dotted paths (`custom.webhook`). What is too short to be looked for in other text
    is left out; `masked` hides it where it stands.
    """
    if isinstance(values, dict):
        found = _secret_keys(values, path, marked)
        for key, value in values.items():
            yield from secrets(value, marked, (*path, str(key)), below=below or str(key) in found)
            yield from _looked_for(_in_text(str(key), marked))
    elif isinstance(values, list):
        for place, value in enumerate(values):
            yield from secrets(value, marked, path, below=below or _follows_its_name(values, place))
    elif isinstance(values, str):
        yield from _looked_for(_in_text(values, marked))
        if below:
            yield from _looked_for((values, *_pieces(values)))
    elif below and isinstance(values, (int, float)):
        yield from _looked_for((str(values),))


def _in_text(text: str, marked: Sequence[str]) -> Iterator[str]:
    """Yield the secrets that a text holds, and of what may be too long the part that is one in any case."""
    document = _document(text)
    if document is not None:
        yield from secrets(document, marked)
        return
    for start, end in _spans(text):
        found = text[start:end]
        yield from (found, _END_OF_VALUE.split(found)[0])
        yield from _pieces(found)


_END_OF_VALUE = re.compile(r"[,;&}]|\s#")
_BETWEEN_PIECES = re.compile(r"\\[nr]|[\s,;&\"'{}\[\]]+")


def _pieces(secret: str) -> Iterator[str]:
    """Yield the long pieces of a secret, as a message may quote one alone: the lines of a private key."""
    for piece in _BETWEEN_PIECES.split(secret):
        if len(piece) >= _SHORTEST_PIECE and not piece.startswith("-----"):
            yield piece


def _looked_for(texts: Iterable[str]) -> Iterator[str]:
    return (text for text in map(str.strip, texts) if _can_be_looked_for(text))


def _can_be_looked_for(text: str) -> bool:
    shortest = _SHORTEST_NUMBER if text.replace(".", "").isdigit() else _SHORTEST_TEXT
    return len(text) >= shortest and text.lower() not in _NO_SECRETS


def masked(values: Any, marked: Sequence[str] = (), path: KeyPath = (), *, below: bool = False) -> Any:
    """Return a copy of values in which every secret is replaced: by the mark for one, and by stars inside a text."""
    if isinstance(values, dict):
        found = _secret_keys(values, path, marked)
        return {
            starred(key, _spans(key)) if isinstance(key, str) else key: masked(
                value, marked, (*path, str(key)), below=below or str(key) in found
            )
            for key, value in values.items()
        }
    if isinstance(values, list):
        return [
            masked(value, marked, path, below=below or _follows_its_name(values, place))
            for place, value in enumerate(values)
        ]
    if below and values not in (None, "", True, False):
        return MASK
    return _masked_text(values, marked) if isinstance(values, str) else values


def spellings(secret: str) -> set[str]:
    """Return the texts that a secret is in a message.

    As it is, quoted in JSON, in a URL, as a Secret of Kubernetes has it, and as a terminal is shown it.
    """
    plain = {secret, *(json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))}
    raw = secret.encode("utf-8", "surrogatepass")
    encoded = {quote(raw, safe=""), base64.b64encode(raw).decode("ascii")}
    return {*plain, *encoded, *(printable(text) for text in plain)}
