"""Hostile servers on 127.0.0.1, and what eight processes fetch from there at once."""

import contextlib
import gzip
import http.server
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Self

from cifar_lr import download
from torture.hostile_files import (
    BOMB_BYTES,
    Files,
    calls,
    declared,
    file_of,
    packed_zeros,
    pets,
    photo,
    pickles,
    tar_of,
)
from torture.ward import HUNG_SECONDS, Bait, Case, Lair


class Host:
    """Serves an archive on 127.0.0.1; each path behaves in its own way.

    Attributes:
        content: the archive.
        stored: where it lies as a file, for redirects there.
        requests: the paths that were asked for.
        closing: set when no more is to be sent.
    """

    def __init__(self, content: bytes, stored: Path) -> None:
        self.content, self.stored = content, stored
        stored.write_bytes(content)
        self.requests: list[str] = []
        self.closing = threading.Event()
        outer = self

        class Handler(Guest):
            host = outer

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def url(self, behaviour: str) -> str:
        """The address that behaves so."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{behaviour}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Guest(http.server.BaseHTTPRequestHandler):
    """Answers one request as its path says."""

    host: Host

    def do_GET(self) -> None:
        """Behave."""
        self.host.requests.append(self.path)
        with contextlib.suppress(OSError):
            _behaviours()[self.path.rpartition("/")[2]](self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    @property
    def content(self) -> bytes:
        """The right archive."""
        return self.host.content

    @property
    def start(self) -> int:
        """From which byte on the archive is asked for."""
        return int((self.headers.get("Range") or "bytes=0-")[6:-1])

    def send(self, body: bytes = b"", status: int = 200, **headers: object) -> None:
        """Answer; a header that is None is left out."""
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def repeat(self, piece: bytes, pause: float = 0.0) -> None:
        """Go on for as long as somebody listens."""
        while not self.host.closing.wait(pause):
            self.wfile.write(piece)


def _good(guest: Guest) -> None:
    start, size = guest.start, len(guest.content)
    if start:
        guest.send(guest.content[start:], 206, Content_Range=f"bytes {start}-{size - 1}/{size}")
    else:
        guest.send(guest.content)


def _in_chunks(guest: Guest) -> None:
    guest.protocol_version = "HTTP/1.1"
    guest.send(Content_Length=None, Transfer_Encoding="chunked", Connection="close")
    for start in range(0, len(guest.content), 50_000):
        piece = guest.content[start : start + 50_000]
        guest.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    guest.wfile.write(b"0\r\n\r\n")


def _continued(guest: Guest) -> None:
    guest.wfile.write(b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 3)
    _good(guest)


def _many_headers(guest: Guest) -> None:
    guest.send(guest.content, **{f"X_{n}": "x" * 50_000 for n in range(50)}, Set_Cookie="a=b; " * 9_000)


def _changed(guest: Guest) -> None:
    """The rest is that of another file."""
    start, size = guest.start, len(guest.content)
    if start:
        guest.send(bytes(size - start), 206, Content_Range=f"bytes {start}-{size - 1}/{size}")
    else:
        guest.send(guest.content)


def _to_good(guest: Guest) -> None:
    guest.send(status=302, Location="good")


def _to_good_endlessly(guest: Guest) -> None:
    guest.send(status=302, Location="good", Content_Length=None)
    guest.repeat(bytes(65_536))


def _to_good_with_a_bomb(guest: Guest) -> None:
    guest.send(_bomb(), status=302, Location="good", Content_Encoding="gzip")


def _bomb() -> bytes:
    return packed_zeros(BOMB_BYTES, gzipped=True)


Behaviour = Callable[[Guest], object]

# What has to lead to the archive, in the end.
FINE: dict[str, Behaviour] = {
    "good": _good,
    "no_range": lambda guest: guest.send(guest.content),
    "no_length": lambda guest: guest.send(guest.content, Content_Length=None),
    "gzip_labelled": lambda guest: guest.send(guest.content, Content_Encoding="gzip"),
    "in_chunks": _in_chunks,
    "continued": _continued,
    "many_headers": _many_headers,
    "changed": _changed,
    "to_good": _to_good,
    "to_good_endlessly": _to_good_endlessly,
    "to_good_with_a_bomb": _to_good_with_a_bomb,
}


def _reset(guest: Guest) -> None:
    guest.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nhalf" % len(guest.content))
    guest.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    guest.connection.close()


def _raw(head: bytes, piece: bytes = b"", pause: float = 0.0) -> Behaviour:
    """Write bytes as they are, then others for as long as somebody listens."""

    def behave(guest: Guest) -> None:
        guest.wfile.write(head)
        if piece:
            guest.repeat(piece, pause)

    return behave


def _status(status: int, **headers: str) -> Behaviour:
    return lambda guest: guest.send(b"no", status, **headers)


def _to(location: str) -> Behaviour:
    return lambda guest: guest.send(status=302, Location=location)


def _range(first: int, last: int = 1, total: int = 0, whole: int = 0) -> Behaviour:
    """Answer with a part that says of itself what is wrong by so much."""

    def behave(guest: Guest) -> None:
        start, size = guest.start + first, len(guest.content)
        said = f"bytes {start}-{size - last}/{size + total}"
        guest.send(guest.content[0 if whole else start :], 206, Content_Range=said)

    return behave


def _altered(guest: Guest) -> None:
    guest.send(guest.content[:-1] + bytes([guest.content[-1] ^ 1]))


def _altered_rest(guest: Guest) -> None:
    start, size = guest.start, len(guest.content)
    guest.send(bytes(size - start), 206, Content_Range=f"bytes {start}-{size - 1}/{size}")


def _bomb_of_its_size(guest: Guest) -> None:
    body = _bomb()[: len(guest.content)]
    guest.send(body + bytes(len(guest.content) - len(body)), Content_Encoding="gzip")


def _bad_servers() -> dict[str, Behaviour]:
    """What has to be refused, and quickly."""
    codes = (204, 205, 300, 304, 400, 401, 403, 404, 407, 416, 429, 451, 500, 503, 999)
    return {
        **_bad_answers(),
        **_bad_lengths(),
        **_bad_redirects(),
        **_bad_ranges(),
        **{f"status_{code}": _status(code) for code in codes},
    }


def _bad_answers() -> dict[str, Behaviour]:
    page = b"<html>log in</html>"
    return {
        "page": lambda guest: guest.send(page, Content_Type="text/html; charset=utf-8"),
        "page_as_archive": lambda guest: guest.send(page, Content_Type="x/gzip", Content_Length=None),
        "page_with_escapes": lambda guest: guest.send(page, Content_Type="\x1b[2Jtext/html" + "x" * 9_000),
        "empty": lambda guest: guest.send(),
        "empty_unannounced": lambda guest: guest.send(Content_Length=None),
        "hang_up": lambda _: None,
        "reset": _reset,
        "banner": _raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        "noise": _raw(bytes(range(256)) * 100),
        "next_protocol": _raw(b"HTTP/9.9 200 OK\r\n\r\n"),
        "reason_with_escapes": _raw(b"HTTP/1.1 500 \x1b[2J\x07gone\xff\r\n\r\n"),
        "long_reason": _raw(b"HTTP/1.1 500 " + b"x" * 60_000 + b"\r\n\r\n"),
        "altered": _altered,
        "bomb": lambda guest: guest.send(_bomb(), Content_Length=None, Content_Encoding="gzip"),
        "bomb_deflated": lambda guest: guest.send(
            packed_zeros(BOMB_BYTES), Content_Length=None, Content_Encoding="deflate"
        ),
        "bomb_of_its_size": _bomb_of_its_size,
        "bomb_as_error": lambda guest: guest.send(_bomb(), 404, Content_Encoding="gzip"),
        "bomb_twice": lambda guest: guest.send(
            gzip.compress(_bomb()), Content_Length=None, Content_Encoding="gzip, gzip"
        ),
        "many_encodings": lambda guest: guest.send(guest.content, Content_Encoding="gzip, " * 3_000 + "br"),
    }


def _bad_lengths() -> dict[str, Behaviour]:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return {
        "cut": lambda guest: guest.send(guest.content[:99_000], Content_Length=len(guest.content)),
        "short": lambda guest: guest.send(guest.content[:-5]),
        "short_unannounced": lambda guest: guest.send(guest.content[:1_000], Content_Length=None),
        "long": lambda guest: guest.send(guest.content + b"x"),
        "long_unannounced": lambda guest: guest.send(guest.content * 3, Content_Length=None),
        "length_no_number": lambda guest: guest.send(guest.content, Content_Length="many"),
        "length_below_zero": lambda guest: guest.send(guest.content, Content_Length="-1"),
        "length_huge": lambda guest: guest.send(guest.content, Content_Length="9" * 5_000),
        "two_lengths": lambda guest: guest.send(guest.content, Content_Length=f"{len(guest.content)}, 5"),
        "bad_chunk": _raw(chunked + b"xyz\r\n"),
        "chunk_below_zero": _raw(chunked + b"-5\r\nhello\r\n"),
        "chunk_huge": _raw(chunked + b"fffffffffffffff\r\nhello"),
    }


def _bad_redirects() -> dict[str, Behaviour]:
    found = b"HTTP/1.1 302 Found\r\nLocation: "
    return {
        "loop": _to("loop"),
        "two_in_turn": _to("one_in_turn"),
        "one_in_turn": _to("two_in_turn"),
        "to_file": lambda guest: guest.send(status=302, Location=f"file://{guest.host.stored}"),
        "to_ftp": _to("ftp://127.0.0.1/x"),
        "to_data": _to("data:application/gzip;base64,H4sI"),
        "to_script": _to("javascript:alert(1)"),
        "to_nobody": _to("http://127.0.0.1:1/x"),
        "to_bad_port": _to("http://127.0.0.1:99999999/x"),
        "to_bad_bracket": _to("http://[::1/x"),
        "to_bad_name": _to("http://a..b/x"),
        "to_long_name": _to(f"http://{'a' * 300}.invalid/x"),
        "to_no_text": _raw(found + b"http://127.0.0.1:1/\xff\xfe\x1b[2J\r\n\r\n"),
        "to_nothing": _to(""),
        "to_unsaid": lambda guest: guest.send(status=302),
        "to_folded": _raw(found + b"good\r\n x\r\n y\r\n\r\n"),
    }


def _bad_ranges() -> dict[str, Behaviour]:
    parts = "multipart/byteranges; boundary=x"
    return {
        "range_elsewhere": _range(7),
        "range_too_early": _range(-1),
        "range_to_elsewhere": _range(0, last=2),
        "range_of_more": _range(0, total=1),
        "range_of_all": _range(1, whole=1),
        "range_unsaid": lambda guest: guest.send(guest.content[guest.start :], 206),
        "range_in_parts": lambda guest: guest.send(guest.content, 206, Content_Type=parts),
        "range_altered": _altered_rest,
    }


def _slow_body(guest: Guest) -> None:
    guest.send(Content_Length=len(guest.content))
    guest.repeat(b"x", 0.2)


def _stalled(guest: Guest) -> None:
    guest.send(guest.content[:9], Content_Length=len(guest.content))
    guest.host.closing.wait(HUNG_SECONDS)


def _to_itself_endlessly(guest: Guest) -> None:
    guest.send(status=302, Location="to_itself_endlessly", Content_Length=None)
    guest.repeat(bytes(65_536))


def _slow_servers() -> dict[str, Behaviour]:
    """What has to be refused when it has taken long enough."""
    ok = b"HTTP/1.1 200 OK\r\n"
    chunked = ok + b"Transfer-Encoding: chunked\r\n\r\n"
    return {
        "silent": lambda guest: guest.host.closing.wait(HUNG_SECONDS),
        "slow_head": _raw(b"HTTP/1.1 200 ", b"O", 0.2),
        "slow_headers": _raw(ok, b"X: y\r\n", 0.2),
        "slow_body": _slow_body,
        "slow_body_unannounced": _raw(ok + b"\r\n", b"x", 0.2),
        "slow_chunks": _raw(chunked, b"1\r\nx\r\n", 0.2),
        "slow_error": _raw(b"HTTP/1.1 404 Not Found\r\n\r\n", b"x", 0.2),
        "stalled": _stalled,
        "endless": _raw(ok + b"\r\n", bytes(65_536)),
        "endless_chunks": _raw(chunked, b"10000\r\n" + bytes(65_536) + b"\r\n"),
        "endless_chunk_line": _raw(chunked, b"1" * 65_536),
        "endless_chunk_note": _raw(chunked + b"5;", b"x" * 65_536),
        "endless_trailers": _raw(chunked + b"0\r\n", b"X: y\r\n" * 1_000),
        "endless_headers": _raw(ok, b"X: y\r\n" * 1_000),
        "endless_header": _raw(ok + b"X: ", b"y" * 65_536),
        "endless_folded_header": _raw(ok + b"X: y\r\n", b" y\r\n" * 1_000),
        "endless_status": _raw(b"HTTP/1.1 200 ", b"O" * 65_536),
        "endless_continue": _raw(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
        "endless_error": _raw(b"HTTP/1.1 404 Not Found\r\n\r\n", bytes(65_536)),
        "to_itself_endlessly": _to_itself_endlessly,
    }


@cache
def _behaviours() -> dict[str, Behaviour]:
    return FINE | _bad_servers() | _slow_servers()


def server_cases() -> Iterator[Case]:
    """Every server, alone and before a good one, with nothing there yet, half of the archive or a wrong half.

    The slow ones are tried with nothing there only.
    """
    slow = _slow_servers()
    halves = {"": None, ", with a half": True, ", with a wrong half": False}
    for name, (half, right) in itertools.product(_behaviours(), halves.items()):
        if name in slow and right is not None:
            continue
        case = partial(Case, "server", original="cifar", slow=name in slow)
        alone = partial(_lay_server, [name], right)
        yield case(f"{name}{half}", alone, expected="whole" if name in FINE else "refused")
        if name not in FINE:
            followed = partial(_lay_server, [name, "good"], right)
            yield case(f"{name}{half}, then good", followed, expected="whole")


def keras_cases() -> Iterator[Case]:
    """Hostile pickles where Keras keeps CIFAR-10: they are passed over, and the archive is downloaded."""
    for what, content in calls().items():
        files = {Path(name).name: each for name, each in pickles(content).items()}
        yield Case("pickle", f"{what}, in Keras's cache", partial(_lay_in_keras, files), "whole", "cifar")


def _lay_in_keras(files: Files, lair: Lair, host: Host) -> Bait:
    folder = lair.root / "keras" / "datasets" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Bait("cifar10", archives=(declared(host.content, [host.url("good")]),))


def _lay_server(behaviours: Sequence[str], right: bool | None, lair: Lair, host: Host) -> Bait:
    urls = [host.url(f"{lair.root.name}/{name}") for name in behaviours]
    archive = declared(host.content, urls)
    if right is not None:
        (lair.cache / "downloads").mkdir()
        half = host.content[: len(host.content) // 2]
        part = download.part_of(lair.cache / "downloads" / archive.name)
        part.write_bytes(half if right else bytes(len(half)))
    return Bait("cifar10", archives=(archive,), names=tuple(urls))


def at_once_cases() -> Iterator[Case]:
    """What eight processes are given at the same time, for one cache."""
    servers = {
        "a good server": (["good"], None),
        "a server that cuts off, and a good one": (["cut", "good"], None),
        "a good server, with a half": (["good"], True),
        "a good server, with a wrong half": (["changed"], False),
        "a server with redirects": (["to_good"], None),
    }
    for what, (behaviours, right) in servers.items():
        yield Case("at once", what, partial(_lay_server, behaviours, right), "whole", "cifar")
    yield Case("at once", "a web page", partial(_lay_server, ["page"], None), original="cifar")
    yield Case("at once", "a good tar", file_of("pets.tar", tar_of(pets())), "whole")
    leading_out = tar_of({**pets(), "../victim.png": photo()})
    yield Case("at once", "a tar that leads out", file_of("pets.tar", leading_out))
