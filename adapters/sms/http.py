"""A vendor, or a relay of one's own, that takes messages as JSON."""

import json
from dataclasses import asdict
from http import HTTPStatus

from adapters.sms.vendor_http import VendorHttp
from adapters.sms.vendor_url import check_vendor_url
from resolvers.ports import SmsMessage, SmsSenderError


class HttpSmsSender:
    """Posts `{"mobile", "purpose", "code", "text"}` with a bearer token.

    The vendor has taken the message when it answers 2xx with `{"accepted": true}`; anything else is a refusal.

    Raises:
        ValueError: when `url` is not `https://` (to this machine, `http://` will do).
    """

    def __init__(self, url: str, *, token: str, timeout_seconds: float) -> None:
        check_vendor_url(url)
        self._url = url
        self._headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "accept": "application/json",
        }
        self._http = VendorHttp(timeout_seconds)

    async def send(self, message: SmsMessage) -> None:
        """See `SmsSender.send`."""
        body = json.dumps(asdict(message), ensure_ascii=False).encode()
        status, answer = await self._http.post(self._url, self._headers, body)
        if not HTTPStatus(200) <= status < HTTPStatus(300):
            raise SmsSenderError(f"the vendor answered {status}")
        if answer.get("accepted") is not True:
            raise SmsSenderError("the vendor did not accept the message")

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()
