"""Caddy, nginx and HAProxy before gateways, as people set them up: kept connections, and `Upgrade` handed on."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

from drills.servers import Server, find_program


class ReverseProxy(Server):
    """One in front of the gateways at `ports`."""

    program = ""
    package = ""

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        super().__init__(folder)
        self._program = find_program(self.program, self.package)
        self._config = folder / f"{self.name}-{self.port}.conf"
        self._config.write_text(dedent(self.configure(ports)))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def configure(self, ports: Sequence[int]) -> str:
        """What its configuration says."""
        raise NotImplementedError


class Caddy(ReverseProxy):
    """Its bare `reverse_proxy` hands `Upgrade` on, and sends a body on as it comes."""

    name = program = package = "caddy"

    def configure(self, ports: Sequence[int]) -> str:
        """See `ReverseProxy.configure`."""
        gateways = " ".join(f"127.0.0.1:{port}" for port in ports)
        return f"""\
            {{
                admin off
                auto_https off
                storage file_system {self.folder}/caddy
            }}
            http://:{self.port} {{
                bind 127.0.0.1
                reverse_proxy {gateways}
            }}
            """

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        return [self._program, "run", "--config", str(self._config), "--adapter", "caddyfile"]

    def environment(self) -> dict[str, str]:
        """See `Server.environment`."""
        return super().environment() | {"HOME": str(self.folder)}


class Nginx(ReverseProxy):
    """With the lines for WebSocket from its documentation. It asks nobody for `/readyz`."""

    name = program = "nginx"
    package = "nginx-light"

    def configure(self, ports: Sequence[int]) -> str:
        """See `ReverseProxy.configure`."""
        gateways = " ".join(f"server 127.0.0.1:{port} fail_timeout=1s;" for port in ports)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = " ".join(f"{kind}_temp_path {self.folder}/nginx-{kind};" for kind in kinds)
        return f"""\
            daemon off;
            user root;
            worker_processes 1;
            pid {self.folder}/nginx-{self.port}.pid;
            error_log stderr warn;
            events {{ worker_connections 1024; }}
            http {{
                access_log off;
                {places}
                map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
                upstream gateways {{ {gateways} keepalive 32; }}
                server {{
                    listen 127.0.0.1:{self.port};
                    location / {{
                        proxy_pass http://gateways;
                        proxy_http_version 1.1;
                        proxy_request_buffering off;
                        proxy_set_header Host $http_host;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection $connection_upgrade;
                    }}
                }}
            }}
            """

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        return [self._program, "-e", "stderr", "-c", str(self._config)]


class Haproxy(ReverseProxy):
    """Connections of all clients are used for all, and `/readyz` is asked twice a second."""

    name = program = package = "haproxy"

    def configure(self, ports: Sequence[int]) -> str:
        """See `ReverseProxy.configure`."""
        gateways = "\n".join(f"                server g{port} 127.0.0.1:{port}" for port in ports)
        return f"""\
            global
                maxconn 1024
            defaults
                mode http
                timeout connect 2s
                timeout client 30s
                timeout server 30s
                retries 3
                option redispatch
            frontend public
                bind 127.0.0.1:{self.port}
                default_backend gateways
            backend gateways
                http-reuse always
                option httpchk
                http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost
                default-server check inter 500ms fall 2 rise 1
{gateways}
            """

    def command(self) -> Sequence[str]:
        """See `Server.command`."""
        return [self._program, "-db", "-f", str(self._config)]


REVERSE_PROXIES: tuple[type[ReverseProxy], ...] = (Caddy, Nginx, Haproxy)
