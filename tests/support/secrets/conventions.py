# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Secrets in settings of add-ons, by the names and forms that are usual. Each has a unique text that a search finds.

What is masked is told in docs/secrets.md; so is what is not, and `NOT_MASKED` is exactly that.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

Data = dict[str, Any]
Form = Callable[[str], Any]

# Names that announce a secret, as charts, Kubernetes, clouds and drivers write them.
NAMES = (
    "password adminPassword DB_PASSWORD db-passwd dbPass pwd passphrase passcode token tokens accessToken BOT_TOKEN "
    "secret clientSecret secretKey AK sk apiKey api_keys x-api-key accessKeyId privateKey ssh-privatekey sshKey "
    "ssh_key encryption_key licenseKey primaryKey client-key-data tls.key keyData authorization Proxy-Authorization "
    "auth basicAuth bearerToken jwt cookie session credentials creds kubeconfig .dockerconfigjson .dockercfg dsn "
    "connectionString htpasswd id_rsa keystore.jks hmac contraseña"
).split()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def _private_key(body: str) -> str:
    return f"-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA{body}\n{body}QIDAQAB\n-----END RSA PRIVATE KEY-----\n"


# Forms by which a secret is known although its name does not announce one.
SHAPES: dict[str, Form] = {
    "a list of variables": lambda it: {"env": [{"name": "PORT", "value": "80"}, {"name": "DB_PASSWORD", "value": it}]},
    "a list of headers": lambda it: {"headers": [{"key": "Authorization", "value": f"Bearer {it}"}]},
    "an option with its value": lambda it: {"args": ["--v=2", f"--password={it}"]},
    "an option before its value": lambda it: {"args": ["--password", it, "--v", "2"]},
    "an option of Java": lambda it: {"opts": f"-Xmx1g -Djavax.net.ssl.keyStorePassword={it} -Dx=y"},
    "options in one text": lambda it: {"command": f"run --token {it} --port 80"},
    "a password in a URL": lambda it: {"url": f"https://user:{it}@db.example:5432/x"},
    "an awkward password in a URL": lambda it: {"url": f"postgres://user:{it}/?#@x@db.example/x"},
    "a token in a URL": lambda it: {"repository": f"https://{it}{it}@git.example/x.git"},
    "a query of a URL": lambda it: {"endpoint": f"https://x.example/?a=b&access_token={it}&c=d"},
    "several URLs": lambda it: {"brokers": f"amqp://a:{it}@one.example,amqp://a:{it}@two.example"},
    "the source of a driver": lambda it: {"source": f"root:{it}@tcp(db.example:3306)/x"},
    "a connection string": lambda it: {"db": f"Server=db;Uid=root;Pwd={it};Database=x"},
    "a connection string of libpq": lambda it: {"db": f"host=db password='{it}' dbname=x"},
    "a storage account": lambda it: {"blob": f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={it}==;X=y"},
    "a private key": lambda it: {"identity": _private_key(it)},
    "a private key in base64": lambda it: {"identity": _base64(_private_key(it))},
    "a pair": lambda it: {"serving": {"cert": "-----BEGIN CERTIFICATE-----", "key": it}},
    "a pair of halves": lambda it: {"identity": {"public": "x", "private": it, "key": it}},
    "the key of tls": lambda it: {"tls": [{"key": it}]},
    "JSON in a text": lambda it: {"config.json": json.dumps({"auths": {"r.example": {"auth": it}}})},
    "JSON in JSON": lambda it: {"config.json": json.dumps({"inner": json.dumps({"password": it})})},
    "YAML in a text": lambda it: {"config.yaml": f"users:\n- name: x\n  password: {it}\n  port: 80\n"},
    "a block of YAML": lambda it: {"config.yaml": f"a: 1\ncookie: |\n  {it}\n  x\nb: 2\n"},
    "a list of YAML": lambda it: {"config.yaml": f"tokens:\n- {it}\n- {it}2\nb: 2\n"},
    "a configuration file": lambda it: {"redis.conf": f"port 80\n[auth]\npassword = {it} # as agreed\nuser = x\n"},
    "a map that Go printed": lambda it: {"last": f"map[accounts:[map[apiKey:{it} name:x]] port:80]"},
    "a header": lambda it: {"header": f"Authorization: Basic {_base64('user:' + it)}"},
    "a scheme": lambda it: {"send": f"Bearer {it}"},
    "a token of JSON": lambda it: {"x": f"eyJhbGciOiJub25lIn0.{_base64(it)}.x"},
    "a token of GitHub": lambda it: {"x": f"ghp_{it}{it}"},
    "a webhook of Slack": lambda it: {"x": f"https://hooks.slack.com/services/T0/B0/{it}"},
    "below a name": lambda it: {"credentials": {"users": [{"name": "x", "it": it}]}},
    "a number": lambda it: {"pinSecret": int(hashlib.sha256(it.encode()).hexdigest()[:13], 16)},
    "a part of a key": lambda it: {"auths": {f"https://user:{it}@r.example": {"email": "x"}}},
}

# Secrets that neither their name nor their form announces.
NOT_MASKED: dict[str, Form] = {
    "a name that announces nothing": lambda it: {"greeting": it},
    "a path of a URL": lambda it: {"webhook": f"https://chat.example/hook/{it}"},
    "a text in base64": lambda it: {"config": _base64(f"password: {it}")},
    "a key alone": lambda it: {"entry": {"key": it}},
    "two halves": lambda it: {"first": it[:6], "second": it[6:]},
    "a short option": lambda it: {"args": ["mysql", f"-p{it}"]},
}


def _stem(what: str) -> str:
    """Return letters and digits that no other text has."""
    return "Cn" + _base64(hashlib.sha256(what.encode("utf-8")).hexdigest())[:14].replace("=", "0")


def _all(forms: dict[str, Form]) -> tuple[dict[str, str], dict[str, Data]]:
    stems = {what: _stem(what) for what in forms}
    return stems, {what: form(stems[what]) for what, form in forms.items()}


def _named(name: str) -> Form:
    return lambda it: {name: it}


def in_go(value: object) -> str:
    """Return a value as Go prints it with %v, as services do that quote a request."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{in_go(item)}' for key, item in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(in_go, value))}]"
    return str(value)


STEMS, SETTINGS = _all({f"{name}: …": _named(name) for name in NAMES} | SHAPES)
STEMS["a number"] = str(SETTINGS["a number"]["pinSecret"])
OPEN_STEMS, OPEN_SETTINGS = _all(NOT_MASKED)
