"""The sockets that `serve` listens on, opened before it says so."""

import errno
import os
import socket

LOOPBACK = "localhost"


class ListenError(Exception):
    """The address cannot be listened on; the message says why, and what to do."""


def open_listeners(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of `host`, all on one port; `localhost` is both 127.0.0.1 and ::1.

    Port 0 is any that is free. A machine without IPv6 has 127.0.0.1 alone.

    Raises:
        ListenError: and nothing is left open.
    """
    listeners = _bind(host, port)
    try:
        for listener in listeners:
            listener.listen()
    except OSError as error:
        _close(listeners)
        raise ListenError(_explain(error, host, port)) from error
    return listeners


def try_address(host: str, port: int) -> None:
    """See whether `open_listeners` could, without accepting anybody yet.

    Raises:
        ListenError: as `open_listeners`.
    """
    _close(_bind(host, port))


def _bind(host: str, port: int) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for family, address in _find_addresses(host):
            listener = _bind_one(family, address, listeners[0].getsockname()[1] if listeners else port)
            if listener is not None:
                listeners.append(listener)
    except OSError as error:
        _close(listeners)
        raise ListenError(_explain(error, host, port)) from error
    return listeners


def _close(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def _find_addresses(host: str) -> list[tuple[int, str]]:
    if host == LOOPBACK:
        # Whatever the hosts file says: browsers try both.
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((int(family), str(address[0])) for family, _, _, _, address in found))


def _bind_one(family: int, address: str, port: int) -> socket.socket | None:
    """None where the machine has no IPv6 for its own loopback."""
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if address == "::1":
            return None
        raise
    try:
        if os.name == "posix":
            # After a restart, connections that are still being closed do not count.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        if address == "::1" and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return listener


def _explain(error: OSError, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror):
        return f"{host} cannot be resolved ({error.strerror}); see --host and GATEWAY_LISTEN_HOST"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; choose another with --port or GATEWAY_LISTEN_PORT"
    if error.errno == errno.EACCES:
        return (
            f"port {port} is not open to this user; choose one above 1023 with --port or GATEWAY_LISTEN_PORT"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; see --host and GATEWAY_LISTEN_HOST"
    return f"{host}:{port} cannot be listened on ({error.strerror}); see GATEWAY_LISTEN_HOST and GATEWAY_LISTEN_PORT"
