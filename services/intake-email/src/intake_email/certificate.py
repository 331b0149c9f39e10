"""Our certificate for STARTTLS, read again when its files have changed: a renewal needs no restart."""

import ssl
from pathlib import Path

from frontline.contract.channel import Log, Meter
from frontline.contract.error import Mistake, SettingsError

_Seen = tuple[tuple[int, int, int], ...]


class Certificate:
    """A chain and its key, both PEM. Raises `SettingsError` when they are of no use at the start."""

    def __init__(self, chain: Path, key: Path, log: Log, meter: Meter) -> None:
        self._files = (chain, key)
        self._log = log
        self._meter = meter
        self._seen: _Seen = ()
        self._context: ssl.SSLContext | None = None
        try:
            self._read()
        except (OSError, ssl.SSLError, ValueError) as error:
            what = f"{chain} and {key} are no certificate with its key"
            raise SettingsError([Mistake("FRONTLINE_SMTP_TLS_CERTIFICATE", what)]) from error

    def context(self) -> ssl.SSLContext:
        """For the next handshake. Files that are of no use leave the last good ones in force."""
        try:
            seen = self._look()
            if seen != self._seen:
                self._seen = seen
                self._read()
                self._log.info("smtp.certificate_renewed")
        except (OSError, ssl.SSLError, ValueError) as error:
            # Perhaps one of the two is still being written.
            self._meter.count("certificate_failures")
            self._log.error("smtp.certificate_unusable", exc_info=error)
        assert self._context is not None
        return self._context

    def _look(self) -> _Seen:
        found = (path.stat() for path in self._files)
        return tuple((status.st_mtime_ns, status.st_size, status.st_ino) for status in found)

    def _read(self) -> None:
        self._seen = self._look()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self._files, password=_no_password)
        self._context = context


def _no_password() -> str:
    """OpenSSL would ask at the terminal."""
    return ""
