"""What a file is, by its content: a name proves nothing, and vendors go by the type that a data URL states."""

from __future__ import annotations

_START: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\xff\x0a", "image/jxl"),
    (b"\x00\x00\x00\x0cJXL ", "image/jxl"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"caff", "audio/x-caf"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"%PDF-", "application/pdf"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_AIFF = {b"AIFF", b"AIFC"}
# ISO/IEC 23008-12 (HEIF), AV1 Image File Format, Apple's and 3GPP's registrations at mp4ra.org.
_BRANDS = (
    ({b"avif", b"avis"}, "image/avif"),
    ({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}, "image/heic"),
    ({b"mif1", b"msf1", b"mif2"}, "image/heif"),
    ({b"M4A ", b"M4B ", b"M4P "}, "audio/mp4"),
    ({b"qt  "}, "video/quicktime"),
)


def sniff(data: bytes) -> str:
    """The media type of a file's bytes; `""` for a type that we don't know."""
    if data[4:8] == b"ftyp":
        return _iso(data)
    if data[:4] in {b"RIFF", b"RF64", b"BW64"}:
        return _RIFF.get(data[8:12], "")
    if data[:4] == b"FORM":
        return "audio/aiff" if data[8:12] in _AIFF else ""
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in data[:64] else "video/x-matroska"
    if data[:1] == b"\x47" and data[188:189] == b"\x47" and data[376:377] == b"\x47":
        return "video/mp2t"
    for start, kind in _START:
        if data.startswith(start):
            return kind
    if data[:3] == b"ID3":  # a tag that may stand before any kind of sound
        return sniff(data[_tag_length(data) :]) or "audio/mpeg"
    return _frame(data)


def _iso(data: bytes) -> str:
    end = min(max(int.from_bytes(data[:4], "big"), 16), 512)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end, 4))]
    for first in (brands[:1], brands):  # the major brand decides; "mif1" says little, so the others are read too
        for known, kind in _BRANDS:
            if known.intersection(first) and not (kind == "image/heif" and first is not brands):
                return kind
    handlers = _handlers(data)
    return "audio/mp4" if b"soun" in handlers and b"vide" not in handlers else "video/mp4"


def _handlers(data: bytes) -> set[bytes]:
    """What the tracks of an mp4 hold: `vide`, `soun`, and so on."""
    found, at = set(), data.find(b"hdlr")
    while at >= 0:
        found.add(data[at + 12 : at + 16])
        at = data.find(b"hdlr", at + 4)
    return found


def _tag_length(data: bytes) -> int:
    size = 0
    for each in data[6:10]:
        size = size << 7 | each & 0x7F
    return 10 + size


def _frame(data: bytes) -> str:
    """Sound that begins with a frame at once: AAC in ADTS, or MPEG layer II and III."""
    if len(data) < 3 or data[0] != 0xFF:
        return ""
    if data[1] & 0xF6 == 0xF0:
        return "audio/aac"
    layer, rate, frequency = data[1] >> 1 & 3, data[2] >> 4, data[2] >> 2 & 3
    heads = data[1] & 0xE0 == 0xE0 and data[1] >> 3 & 3 != 1
    return "audio/mpeg" if heads and layer in {1, 2} and rate not in {0, 15} and frequency != 3 else ""
