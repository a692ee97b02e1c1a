"""`POST /v1/files/upload`: files that requests then name as `mm_file://<file_id>` (MiniMax, Upload file)."""

from __future__ import annotations

from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING

from .exchange import Call, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_SECONDS = 7 * 86_400
PURPOSE = "video_generation_input"
SCHEME = "mm_file://"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file.

    Attributes:
        id: Its number.
        name: Its file name.
        data: Its bytes.
        owner: A digest of the key that brought it.
        created: When, by the simulator's clock.
    """

    id: int
    name: str
    data: bytes
    owner: str
    created: float


class Uploads:
    """What was uploaded, for a week.

    Args:
        clock: Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[int, Upload] = {}

    def add(self, call: Call, number: int) -> Upload:
        """Keep the file of a multipart form.

        Raises:
            Refusal: If the form has no file, or another purpose.
        """
        head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
        form = BytesParser(policy=policy.HTTP).parsebytes(head + call.raw)
        parts = {}
        for part in form.iter_parts() if form.is_multipart() else ():
            parts[str(part.get_param("name", header="content-disposition"))] = part
        purpose = parts["purpose"].get_content().strip() if "purpose" in parts else ""
        if purpose != PURPOSE:
            raise invalid(f"purpose must be {PURPOSE}")
        payload = parts["file"].get_payload(decode=True) if "file" in parts else None
        if not isinstance(payload, bytes) or not payload:
            raise invalid("file is required")
        upload = Upload(number, parts["file"].get_filename() or "", payload, call.owner, self._clock())
        self._kept[number] = upload
        return upload

    def find(self, url: str, owner: str) -> bytes:
        """The file that an address refers to.

        Raises:
            Refusal: If there is no such file, or no longer.
        """
        number = url.removeprefix(SCHEME)
        upload = self._kept.get(int(number)) if number.isascii() and number.isdecimal() else None
        if upload is None or upload.owner != owner or self._clock() - upload.created > KEPT_SECONDS:
            raise invalid("invalid file_id")
        return upload.data
