"""Object storage: the one way to an S3-compatible service.

Every request has a time limit, answers have a size cap, and whatever goes wrong becomes a
StorageError whose text holds neither keys nor names of objects: those name checks, and the code
of a check is a secret. The library's own messages hold them, so they are never passed on.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import TypeVar
from xml.etree.ElementTree import ParseError

import urllib3
from django.conf import settings
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from hc.lib import statsd

T = TypeVar("T")

CONNECTIONS = 16
TRIES = 2
CHUNK = 65_536
# The storage is in trouble, or busy, and may answer the next time.
_PASSING = frozenset({"InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout"})
# The library says ValueError of answers that it does not understand.
_ERRORS = (MinioException, urllib3.exceptions.HTTPError, OSError, ParseError, ValueError)


class StorageError(Exception):
    """The storage did not do what it was asked for; the message says why, without any name."""


class Breaker:
    """Keeps callers away from a service that fails: their waiting would help nobody.

    After `limit` failures within `window` seconds nothing is allowed for `pause` seconds; then
    one call is, and its outcome decides.
    """

    def __init__(
        self,
        *,
        limit: int = 3,
        window: float = 60,
        pause: float = 20,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._limit, self._window, self._pause = limit, window, pause
        self._clock = clock
        self._failures: list[float] = []
        self._closed_until: float | None = None
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Whether to call; a True after a pause is the one trial, others wait for its end."""
        with self._lock:
            if self._closed_until is None:
                return True
            now = self._clock()
            if now < self._closed_until:
                return False
            self._closed_until = now + self._pause
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures.clear()
            self._closed_until = None

    def failed(self) -> None:
        with self._lock:
            now = self._clock()
            self._failures = [at for at in self._failures if at > now - self._window] + [now]
            if len(self._failures) >= self._limit:
                self._closed_until = now + self._pause


@dataclass(frozen=True, slots=True)
class Place:
    """Where the objects are. `endpoint`: host or host:port. `timeout`: seconds per request."""

    bucket: str
    endpoint: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = ""
    secure: bool = True
    timeout: float = 60
    ca_bundle: str = ""


def configured(longest_wait: float | None = None) -> ObjectStore | None:
    """The storage that the settings name; None if there is none. Raises StorageError.

    `longest_wait`: seconds, for callers who cannot wait as long as S3_TIMEOUT.
    """
    if not settings.S3_BUCKET:
        return None
    timeout = float(settings.S3_TIMEOUT)
    return _store(
        Place(
            bucket=settings.S3_BUCKET,
            endpoint=settings.S3_ENDPOINT,
            access_key=settings.S3_ACCESS_KEY,
            secret_key=settings.S3_SECRET_KEY,
            region=settings.S3_REGION,
            secure=settings.S3_SECURE,
            timeout=timeout if longest_wait is None else min(timeout, longest_wait),
            ca_bundle=settings.CA_BUNDLE,
        )
    )


@lru_cache(maxsize=8)
def _store(place: Place) -> ObjectStore:
    return ObjectStore(place)


class ObjectStore:
    """One bucket. May be used by many threads at once; every method raises StorageError."""

    def __init__(self, place: Place, breaker: Breaker | None = None) -> None:
        self._bucket = place.bucket
        self._timeout = place.timeout
        self._breaker = breaker or Breaker()
        # Each of the tries gets its share of the time. The pool's own retries would log URLs.
        pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(total=place.timeout / TRIES),
            retries=False,
            ca_certs=place.ca_bundle or None,
        )
        try:
            self._client = Minio(
                place.endpoint,
                access_key=place.access_key,
                secret_key=place.secret_key,
                region=place.region or None,
                secure=place.secure,
                http_client=pool,
            )
        except ValueError:
            raise StorageError("S3_ENDPOINT or S3_REGION cannot be used") from None

    def put(self, key: str, body: bytes) -> None:
        """Store `body`, in place of what was there before."""
        self._call(lambda: self._client.put_object(self._bucket, key, io.BytesIO(body), len(body)))

    def get(self, key: str, limit: int) -> bytes | None:
        """The object, of at most `limit` bytes; None if there is none with that key.

        Refused at once while reads have failed too often of late.
        """
        if not self._breaker.allows():
            raise StorageError("object storage has not answered of late")
        statsd.count("hc.lib.s3.getObject")
        try:
            with statsd.timer("hc.lib.s3.getObjectTime"):
                found = self._call(lambda: self._read(key, limit))
        except StorageError:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return found

    def delete(self, keys: Iterable[str]) -> int:
        """Delete objects, as many as there are, in requests of 1000; returns their number.

        Those that the storage refuses to delete are an error, but only after all others are gone.
        Keys of nothing are deleted without complaint.
        """
        asked = 0

        def counted() -> Iterator[DeleteObject]:
            nonlocal asked
            for key in keys:
                asked += 1
                yield DeleteObject(key)

        try:
            with statsd.timer("hc.lib.s3.removeObjectsTime"):
                errors = self._call(
                    lambda: list(self._client.remove_objects(self._bucket, counted())), tries=1
                )
        except StorageError:
            statsd.count("hc.lib.s3.removeObjectsErrors")
            raise
        if errors:
            statsd.count("hc.lib.s3.removeObjectsErrors", len(errors))
            codes = ", ".join(sorted({error.code or "unknown" for error in errors}))
            raise StorageError(f"object storage kept {len(errors)} of {asked} objects ({codes})")
        return asked

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`, in their order."""
        yield from self._listed(prefix, recursive=True, after=after)

    def folders(self) -> Iterator[str]:
        """What stands before the first slash of any key, slash included; no doubles."""
        return (name for name in self._listed("", recursive=False) if name.endswith("/"))

    def _listed(self, prefix: str, *, recursive: bool, after: str = "") -> Iterator[str]:
        listing = iter(
            self._client.list_objects(
                self._bucket, prefix=prefix or None, recursive=recursive, start_after=after or None
            )
        )
        while item := self._call(lambda: next(listing, None), tries=1):
            if item.object_name:
                yield item.object_name

    def _read(self, key: str, limit: int) -> bytes | None:
        deadline = monotonic() + self._timeout / TRIES
        try:
            response = self._client.get_object(self._bucket, key)
        except S3Error as e:
            if e.code == "NoSuchKey":
                return None
            raise
        try:
            body = bytearray()
            while chunk := response.read1(CHUNK):
                body += chunk
                if len(body) > limit:
                    raise StorageError("object storage sent more than was put there")
                if monotonic() > deadline:
                    raise StorageError("object storage is too slow")
            return bytes(body)
        finally:
            response.close()
            response.release_conn()

    def _call(self, work: Callable[[], T], tries: int = TRIES) -> T:
        """The result of `work`, tried again after a passing trouble."""
        while True:
            tries -= 1
            try:
                return work()
            except _ERRORS as e:
                text, passing = _judged(e)
            if not (passing and tries > 0):
                raise StorageError(text)


def _judged(error: Exception) -> tuple[str, bool]:
    """What is said of an error of the library, and whether another try may help."""
    if isinstance(error, S3Error):
        return f"object storage refused ({error.code})", error.code in _PASSING
    if isinstance(error, InvalidResponseError | ServerError | ParseError | ValueError):
        return f"object storage answered nonsense ({type(error).__name__})", True
    return f"object storage does not answer ({type(error).__name__})", True
