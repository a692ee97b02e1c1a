"""Result URLs: signed, absolute, and gone when their time is over, as object storage does it."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.responses import FileResponse, Response

from .exchange import Call, Endpoint, ErrorKind, Reply, Vendor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tasks import SimTask

TEN_YEARS = 10 * 365 * 86_400
"""The life in seconds of a URL whose vendor publishes none."""


class ClipResponse(FileResponse):
    """A clip with ranges, ETag and Last-Modified, read in steps of a mebibyte."""

    chunk_size = 1024 * 1024


def storage_error(status: int, code: str, message: str) -> Response:
    """An error of object storage (S3, OSS)."""
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{error}', status, media_type="application/xml")


class ResultFiles(Vendor):
    """`/files/<task>.mp4?Expires=…&Signature=…`; a key is neither needed nor looked at."""

    name = "files"
    needs_key = False

    def endpoints(self) -> Sequence[Endpoint]:
        """GET and HEAD of a clip."""
        return [Endpoint("GET", "/files/{name}.mp4", "download", self._clip)]

    def refuse(self, problem: ErrorKind, text: str = "") -> Reply:
        """Never used: refusals of storage are XML."""
        raise NotImplementedError(problem, text)

    def _signature(self, task_id: str, expires: str) -> str:
        secret = f"simulator-{self.sim.seed}".encode()
        return hmac.new(secret, f"{task_id}\n{expires}".encode(), hashlib.sha256).hexdigest()[:40]

    def url(self, task: SimTask, base_url: str, expires: float) -> str:
        """A result URL that is good until `expires`, by the simulator's clock."""
        until = str(int(expires))
        signature = self._signature(task.id, until)
        return f"{base_url}/files/{quote(task.id, safe='')}.mp4?Expires={until}&Signature={signature}"

    async def _clip(self, call: Call) -> Response:
        task = self.sim.tasks.get(call.params["name"])
        if task is None:
            return storage_error(404, "NoSuchKey", "The specified key does not exist.")
        call.entry.task_id = task.id
        until = call.query.get("Expires", "")
        expected = self._signature(task.id, until)
        if not hmac.compare_digest(call.query.get("Signature", "").encode(), expected.encode()):
            return storage_error(403, "SignatureDoesNotMatch", "The request signature does not match.")
        if self.sim.clock() >= int(until):
            return storage_error(403, "AccessDenied", "Request has expired.")
        path = await self.sim.studio.clip(task.id, task.order)
        if path is None:
            return storage_error(404, "NoSuchKey", "The specified key does not exist.")
        return ClipResponse(path, media_type="video/mp4")
