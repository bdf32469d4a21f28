"""The response headers of everything under GraphiQL's path.

How the policy can be this strict although the editor writes inline styles: docs/adr/0013-graphiql.md.
"""

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",  # a captcha's picture comes inside the response
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self'",
    "worker-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}

CONTENT_SECURITY_POLICY = "; ".join(f"{directive} {sources}" for directive, sources in _SOURCES.items())
"""No inline script or style, no eval, no other host, no frame around it."""

EVERYWHERE = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer, the assets included: a worker takes its policy from its own script's response."""

REVALIDATED = {"Cache-Control": "no-cache", "Vary": "Accept"}
"""The page: kept, but asked for again each time, since it names the assets of the newest build."""

IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
"""An asset: its name carries a hash of its content, so it never changes."""

NOT_KEPT = {"Cache-Control": "no-store"}
"""What must not be found in a cache: the outbox, and answers that are about to change."""
