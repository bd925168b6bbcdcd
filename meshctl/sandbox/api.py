"""The few requests that the sandbox itself makes: it may not use the Kubernetes client, which belongs to `cluster`."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any, Self

from meshctl.errors import SandboxError
from meshctl.sandbox.certificates import authority, key_pair
from meshctl.sandbox.folders import Folders

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
FIELD_MANAGER = "meshctl-sandbox"


class Client:
    """One HTTPS server of the sandbox, asked as its administrator. Not to be shared between threads."""

    def __init__(self, folders: Folders, port: int, timeout: float = 10.0) -> None:
        self._port = port
        self._timeout = timeout
        self._context = ssl.create_default_context(cafile=str(authority(folders)))
        admin = key_pair(folders, "admin")
        self._context.load_cert_chain(admin.certificate, admin.key)
        self._open: http.client.HTTPSConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(self, method: str, path: str, body: str = "", content_type: str = JSON) -> tuple[int, str]:
        """Status and text; (0, reason) without an answer. An idle connection may be closed, so it is tried twice."""
        answer = (0, "")
        for _ in range(2):
            try:
                connection = self._connection()
                connection.request(method, path, body=body or None, headers={"Content-Type": content_type})
                response = connection.getresponse()
                return response.status, response.read().decode("utf-8", errors="replace")
            except TimeoutError as error:
                self.close()
                return 0, str(error)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                answer = (0, str(error))
        return answer

    def healthy(self, path: str) -> bool:
        return self.request("GET", path)[0] == 200

    def get(self, path: str) -> dict[str, Any] | None:
        """None for what is not there."""
        status, text = self.request("GET", path)
        if status == 404:
            return None
        return _parsed("GET", path, status, text)

    def apply(self, path: str, body: str | Mapping[str, Any]) -> dict[str, Any]:
        """Server-side apply; a text is YAML as it came."""
        text = body if isinstance(body, str) else json.dumps(body)
        path = f"{path}?fieldManager={FIELD_MANAGER}&force=true"
        return _parsed("PATCH", path, *self.request("PATCH", path, text, APPLY))

    def delete(self, path: str) -> None:
        status, text = self.request("DELETE", path)
        if status != 404:
            _parsed("DELETE", path, status, text)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _connection(self) -> http.client.HTTPSConnection:
        if self._open is None:
            self._open = http.client.HTTPSConnection(
                "127.0.0.1", self._port, timeout=self._timeout, context=self._context
            )
        return self._open


def _parsed(method: str, path: str, status: int, text: str) -> dict[str, Any]:
    if status not in (200, 201, 202):
        raise SandboxError(f"the sandbox's API server refused {method} {path}: {status or 'no answer'} {text.strip()}")
    value: dict[str, Any] = json.loads(text)
    return value
