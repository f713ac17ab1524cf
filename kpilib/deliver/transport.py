"""One message to one SMTP server, step by step, so that it is always known how far it came."""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from kpilib.errors import DeliveryError, SettingsError
from kpilib.settings import Email

__all__ = ["InDoubt", "Result", "Temporary", "Unreachable", "connect", "hand_over"]


class Temporary(DeliveryError):  # noqa: N818 - a state of the message, not a mistake
    """The server certainly did not take the message; it may later."""


class Unreachable(Temporary):
    """No message can be handed over: there is no connection."""


class InDoubt(DeliveryError):  # noqa: N818
    """The connection broke after the whole message was handed over: it may have been taken."""


@dataclass
class Result:
    """What the server said: its reply, and the recipients that it put off or refused for good."""

    reply: str = ""
    accepted: list[str] = field(default_factory=list)
    deferred: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    failed: bool = False


@contextmanager
def connect(email: Email) -> Iterator[smtplib.SMTP]:
    """Yield a connection, encrypted and logged in as the settings say.

    User and password come from ``KPILIB_SMTP_USER`` and ``KPILIB_SMTP_PASSWORD`` or, for the password, the file
    that ``KPILIB_SMTP_PASSWORD_FILE`` names; certificates to trust, beside the system's, from that which
    ``KPILIB_SMTP_CA_FILE`` names.

    Raises
    ------
    SettingsError
        when the server refuses the login or cannot be trusted, or a login would go over an open line.
    Unreachable
        when the server cannot be reached.
    """
    user, password = _login()
    if user and email.security == "none" and email.host not in {"localhost", "127.0.0.1", "::1"}:
        raise SettingsError('[email] security = "none" would send a password in clear. Use "starttls" or "tls".')
    server: smtplib.SMTP | None = None
    try:
        server = _open(email)
        server.ehlo_or_helo_if_needed()
        if user and not server.has_extn("auth"):
            raise SettingsError(
                f"{email.host}:{email.port} takes no login. Unset KPILIB_SMTP_USER, or check [email] port and security."
            )
        if user:
            server.login(user, password)
    except SettingsError:
        _close(server)
        raise
    except smtplib.SMTPAuthenticationError as error:
        _close(server)
        raise SettingsError(
            f"{email.host} refuses the login ({error.smtp_code}). Check KPILIB_SMTP_USER and KPILIB_SMTP_PASSWORD."
        ) from None
    except smtplib.SMTPNotSupportedError:
        _close(server)
        raise SettingsError(
            f"{email.host}:{email.port} does not offer what [email] security = \"{email.security}\" asks for."
        ) from None
    except ssl.SSLError as error:
        _close(server)
        if isinstance(error, ssl.SSLEOFError):
            raise Unreachable(f"{email.host}:{email.port} broke the connection off.") from None
        raise SettingsError(f"{email.host}:{email.port} cannot be trusted: {error.reason or error}.") from None
    except (OSError, smtplib.SMTPException) as error:
        _close(server)
        raise Unreachable(f"{email.host}:{email.port} cannot be reached: {_say(error)}.") from None
    try:
        yield server
    finally:
        _close(server)


def hand_over(
    server: smtplib.SMTP,
    sender: str,
    recipients: Sequence[str],
    data: bytes,
    *,
    before_last: Callable[[list[str]], None],
) -> Result:
    """Return what the server says to a message.

    Parameters
    ----------
    before_last
        called with the accepted recipients when all but the message's last line has been sent, so that what
        follows is known to have been tried.

    Raises
    ------
    Temporary
        when the connection broke before the message was handed over.
    InDoubt
        when it broke after.
    SettingsError
        when the server refuses the sender for good: it would refuse every other message too.
    """
    result = Result()
    try:
        code, reply = server.mail(sender, ["BODY=8BITMIME"] if server.has_extn("8bitmime") else [])
        if 500 <= code < 600:
            raise SettingsError(f"The server refuses the sender {sender}: {_text(code, reply)}. Check [email] sender.")
        _expect((code, reply))
        for address in recipients:
            code, reply = server.rcpt(address)
            _note(result, address, code, reply)
        if not result.accepted:
            server.rset()
            result.failed = not result.deferred
            result.reply = next(iter((*result.deferred.values(), *result.refused.values())), "")
            return result
        code, reply = server.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, reply)
        server.send(_quoted(data))
    except smtplib.SMTPResponseException as error:
        return _ended(server, result, error)
    except (OSError, smtplib.SMTPException) as error:
        raise Temporary(f"The connection broke before the message was handed over: {_say(error)}.") from None
    before_last(result.accepted)
    try:
        server.send(b".\r\n")
        code, reply = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise InDoubt(f"The connection broke after the message was handed over: {_say(error)}.") from None
    if 200 <= code < 300:
        result.reply = _text(code, reply)
        return result
    if not 400 <= code < 600:
        raise InDoubt(f"The server said neither yes nor no after the message was handed over: {_text(code, reply)}.")
    return _ended(server, result, smtplib.SMTPDataError(code, reply))


def _open(email: Email) -> smtplib.SMTP:
    try:
        context = ssl.create_default_context(cafile=os.environ.get("KPILIB_SMTP_CA_FILE"))
    except OSError as error:
        raise SettingsError(f"KPILIB_SMTP_CA_FILE names a file that cannot be used ({error.strerror}).") from None
    if email.security == "tls":
        return smtplib.SMTP_SSL(email.host, email.port, timeout=email.timeout, context=context)
    server = smtplib.SMTP(email.host, email.port, timeout=email.timeout)
    try:
        server.ehlo_or_helo_if_needed()
        if email.security == "starttls":
            server.starttls(context=context)
            server.ehlo()
    except BaseException:
        server.close()
        raise
    return server


def _login() -> tuple[str, str]:
    user = os.environ.get("KPILIB_SMTP_USER", "")
    named = os.environ.get("KPILIB_SMTP_PASSWORD_FILE")
    if named is None:
        return user, os.environ.get("KPILIB_SMTP_PASSWORD", "")
    try:
        with open(named, encoding="utf-8") as file:  # noqa: PTH123 - the environment's path, as it is
            return user, file.read().strip()
    except OSError as error:
        raise SettingsError(f"KPILIB_SMTP_PASSWORD_FILE names a file that cannot be read ({error.strerror}).") from None


def _close(server: smtplib.SMTP | None) -> None:
    if server is not None:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _expect(answer: tuple[int, bytes]) -> None:
    code, reply = answer
    if code != 250:
        raise smtplib.SMTPResponseException(code, reply)


def _note(result: Result, address: str, code: int, reply: bytes) -> None:
    if code in {250, 251}:
        result.accepted.append(address)
    elif 400 <= code < 500:
        result.deferred[address] = _text(code, reply)
    else:
        result.refused[address] = _text(code, reply)


def _ended(server: smtplib.SMTP, result: Result, error: smtplib.SMTPResponseException) -> Result:
    """Return the result of a message that the server did not take, and said so."""
    with suppress(OSError, smtplib.SMTPException):
        server.rset()
    said = _text(error.smtp_code, error.smtp_error)
    if 500 <= error.smtp_code < 600:
        result.failed = True
        result.accepted.clear()
        result.reply = said
        return result
    raise Temporary(f"The server put the message off: {said}.")


def _quoted(data: bytes) -> bytes:
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _text(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(text.split())}"[:300]


def _say(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _text(error.smtp_code, error.smtp_error)
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return said.removeprefix("Connection unexpectedly closed: ").rstrip(".")
