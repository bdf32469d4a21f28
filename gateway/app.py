"""The application as data: routes, the two doors, and what lives as long as the process."""

import asyncio
import gc
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import fields

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from adapters.development_inbox import read_inbox
from gateway.access_log import open_access_log
from gateway.addresses import ClientAddresses
from gateway.cookies import make_cookies
from gateway.cross_site import CrossSiteRule, describe_lost_cookie
from gateway.draining import Drain, deliver_signals
from gateway.edge import Edge, EdgeOptions, Scope, Send
from gateway.health import Readiness, healthz
from gateway.logs import configure_logs
from gateway.maintenance import run_maintenance
from gateway.media import get_avatar, get_captcha_audio, get_favicon
from gateway.outage_watch import watch_outages
from gateway.parts import Parts
from gateway.settings import Settings
from gateway.shared_metrics import render_metrics
from gateway.timeouts import Timeouts
from gateway.wiring import open_services
from graphql_http import (
    EndpointErrorCode,
    EndpointOptions,
    GraphQLEndpoint,
    PersistedQueries,
    TrustMode,
    Uploader,
    load_manifest,
    refuse,
)
from graphql_http.compiled import CompilingExecutor
from graphql_http.compiled.strawberry_fields import STRAWBERRY_SHORTCUTS
from request_bodies import BodyBudget
from resolvers.avatars import admitting_upload
from resolvers.context import Context, Services
from resolvers.errors import ServiceUnavailableError
from resolvers.ports import StateStoreError
from rest_shim.app import RestShim
from rest_shim.dialects import DIALECTS
from rest_shim.documentation import RestDocumentation
from rest_shim.openapi import make_document
from schema.context import GraphQLContext
from schema.errors import describe_error
from schema.graphiql import STATIC_DIRECTORY, GraphiQLPage
from schema.languages import choose_language
from schema.mutations import SINGLE_USE
from schema.sdl import graphql_schema

# What the edge refuses before a door is asked, in the words of the GraphQL door.
_REFUSAL_CODES = {
    400: EndpointErrorCode.BAD_REQUEST,
    403: EndpointErrorCode.CROSS_SITE_REFUSED,
    415: EndpointErrorCode.UNSUPPORTED_MEDIA_TYPE,
}

_INBOX_ENTRIES = 50
# With 20,000 and Python's own 10 and 10, what validating new documents leaves behind would take 40 MiB.
_GC_THRESHOLDS = (5_000, 5, 5)


class ServicesHolder:
    """Where the running lifespan puts the services, and where requests find them."""

    def __init__(self) -> None:
        self.services: Services | None = None

    def __call__(self) -> Services:
        """The services; there are none before start-up and after shutdown."""
        if self.services is None:
            raise RuntimeError("the application is not running")
        return self.services


def create_app(settings: Settings, parts: Parts = Parts()) -> Edge:
    """The whole application, over the services that `open_services` makes of the same two."""
    holder = ServicesHolder()
    options = _edge_options(settings, parts.timeouts)
    bodies = BodyBudget(settings.server.bodies_in_flight_bytes, settings.installation.data_dir)
    rest = RestShim(
        DIALECTS[settings.rest.dialect],
        bodies,
        refuse_common_passwords=settings.rest.refuse_common_passwords,
    )
    graphiql = _make_graphiql(settings)
    graphql = _make_graphql(settings, holder, graphiql, bodies)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        deliver_signals()
        async with (
            open_services(settings, parts) as services,
            run_maintenance(services, time_percent=settings.storage.purge_time_percent),
            watch_outages(services),
        ):
            holder.services = services
            # What lives as long as the process need not be walked by each full collection.
            gc.collect()
            gc.freeze()
            # Each request in flight holds a few hundred objects, so that Python's own 700 would mean to look for
            # garbage many times in each turn of the loop, and to find none.
            gc.set_threshold(*_GC_THRESHOLDS)
            with options.drain.on_sigterm():
                yield
            holder.services = None
        if options.access_log is not None:
            options.access_log.flush()

    async def refuse_rest(_: Scope, send: Send, status: int, __: str) -> None:
        await rest.refuse(send, status)

    async def refuse_graphql(scope: Scope, send: Send, status: int, message: str) -> None:
        await graphql.refuse(scope, send, refuse(_REFUSAL_CODES[status], message, status=status))

    readiness = Readiness(options.drain, parts.timeouts.probe_seconds)
    app = Starlette(routes=_routes(settings, rest, graphql, graphiql, readiness), lifespan=lifespan)
    # Its redirects go to the host that the client has named.
    app.router.redirect_slashes = False
    return Edge(
        app,
        services=holder,
        options=options,
        shortcuts={"/graphql": graphql} | dict.fromkeys(rest.paths, rest),
        changing_reads=rest.changing_reads,
        refusers={"/api/": refuse_rest, "/graphql": refuse_graphql},
    )


def create_app_from_environment() -> Edge:
    """What each worker process of `serve` runs."""
    settings = Settings.load()
    configure_logs(is_production=settings.is_production, level=settings.logs.log_level)
    return create_app(settings)


def _routes(
    settings: Settings,
    rest: RestShim,
    graphql: GraphQLEndpoint,
    graphiql: ASGIApp | None,
    readiness: Readiness,
) -> list[BaseRoute]:
    documentation = _make_documentation(settings)
    routes: list[BaseRoute] = [
        Route("/favicon.ico", get_favicon),
        Route("/healthz", healthz),
        Route("/readyz", readiness),
        Route("/avatars/{key}.webp", get_avatar),
        Route("/captchas/{captcha_id}.wav", get_captcha_audio),
        Route("/api/openapi.json", documentation.openapi),
    ]
    if not settings.is_production:
        routes += [
            Route("/api/docs", documentation.page),
            Route("/", _redirect("/graphql" if graphiql else "/api/docs")),
        ]
    if settings.server.metrics:
        routes.append(Route("/metrics", get_metrics))
    api = Mount("/api", rest)
    # What is unknown there has the envelope too, also with a line break in its path.
    api.path_regex = re.compile(api.path_regex.pattern, re.DOTALL)
    routes += [api, Route("/graphql", graphql)]
    if graphiql:
        routes.append(Mount("/graphql", graphiql))
    return routes


def _make_documentation(settings: Settings) -> RestDocumentation:
    document = make_document(
        DIALECTS[settings.rest.dialect],
        cookie_name=make_cookies(is_secure=settings.is_cookie_secure).session.name,
        server_url=settings.installation.public_url,
    )
    return RestDocumentation(document)


async def get_metrics(request: Request) -> Response:
    """Prometheus' text format: the counters of all workers of this instance."""
    del request
    return Response(await asyncio.to_thread(render_metrics), media_type=CONTENT_TYPE_LATEST)


def _redirect(path: str) -> Callable[[Request], Awaitable[Response]]:
    """What a person finds who opens the address as it is printed."""

    async def endpoint(request: Request) -> Response:
        del request
        return RedirectResponse(path, status_code=307)

    return endpoint


def _make_graphiql(settings: Settings) -> ASGIApp | None:
    if not settings.is_graphiql_served:
        return None
    inbox = None if settings.is_production else lambda: read_inbox(settings.inbox_path, _INBOX_ENTRIES)
    return GraphiQLPage(STATIC_DIRECTORY, inbox)


def _make_graphql(
    settings: Settings, holder: ServicesHolder, graphiql: ASGIApp | None, bodies: BodyBudget
) -> GraphQLEndpoint:
    trusted = settings.graphql.trusted_documents and load_manifest(
        settings.graphql.trusted_documents, TrustMode(settings.graphql.trusted_documents_mode)
    )
    return GraphQLEndpoint(
        graphql_schema,
        make_context=_make_graphql_context,
        options=endpoint_options(settings),
        executor=CompilingExecutor(
            graphql_schema,
            are_suggestions_shown=settings.are_suggestions_shown,
            shortcuts=STRAWBERRY_SHORTCUTS,
        ),
        describe_error=describe_error,
        trusted=trusted or None,
        persisted=PersistedQueries(lambda: holder().state, failure=StateStoreError)
        if settings.graphql.persisted_queries
        else None,
        graphiql=graphiql,
        request_id_of=_request_id_of,
        address_of=_address_of,
        extensions_of=None if settings.is_production else _find_warnings,
        bodies=bodies,
        admit_upload=_admit_upload,
    )


def _make_graphql_context(scope: Scope) -> GraphQLContext:
    ctx: Context = scope["state"]["context"]
    languages = scope["state"]["headers"].get(b"accept-language")
    return GraphQLContext(ctx, choose_language(languages[:500].decode("latin-1")) if languages else "en")


def _find_warnings(scope: Scope) -> Mapping[str, object] | None:
    """What a developer is told beside an answer that is right, and will surprise."""
    ctx: Context = scope["state"]["context"]
    warning = describe_lost_cookie(scope["state"]["headers"]) if ctx.issued else None
    return {"warnings": [warning]} if warning else None


@asynccontextmanager
async def _admit_upload(scope: Scope) -> AsyncIterator[Uploader]:
    """Who uploads, for the GraphQL door. What fails here fails again in the operation, which can say so."""
    ctx: Context = scope["state"]["context"]
    account = None
    with suppress(ServiceUnavailableError):
        account = await ctx.viewer()
    async with admitting_upload(ctx, account) as uploader:
        yield Uploader(is_known=uploader.is_known, keeps_files=uploader.refusal is None)


def _request_id_of(scope: Scope) -> str:
    ctx: Context = scope["state"]["context"]
    return ctx.request_id


def _address_of(scope: Scope) -> str:
    """The client for the endpoint's own count, without its address."""
    ctx: Context = scope["state"]["context"]
    return ctx.state_key("apq-address", ctx.address)


def endpoint_options(settings: Settings) -> EndpointOptions:
    """What the settings say about the GraphQL endpoint; each option that has a setting bears its name."""
    chosen = settings.graphql.model_dump(include={option.name for option in fields(EndpointOptions)})
    return EndpointOptions(
        **chosen,
        single_use_fields=SINGLE_USE,
        file_maximum_bytes=settings.graphql.upload_maximum_bytes,
        is_introspection_allowed=settings.is_introspection_allowed,
        are_suggestions_shown=settings.are_suggestions_shown,
        is_server_timing_sent=not settings.is_production,
    )


def _edge_options(settings: Settings, timeouts: Timeouts) -> EdgeOptions:
    return EdgeOptions(
        drain=Drain(settings.drain_delay_seconds),
        timeouts=timeouts,
        cookies=make_cookies(is_secure=settings.is_cookie_secure),
        addresses=ClientAddresses(settings.proxy_networks),
        cross_site=CrossSiteRule(settings.edge.allowed_origins),
        is_https=settings.is_cookie_secure,
        is_development=not settings.is_production,
        access_log=open_access_log(
            sys.stderr.buffer, is_production=settings.is_production, level=settings.logs.log_level
        )
        if settings.logs.access_log
        else None,
    )
