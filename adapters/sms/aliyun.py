"""Alibaba Cloud Short Message Service.

Source: https://help.aliyun.com/document_detail/55284.html (`SendSms`, version 2017-05-25).
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from adapters.sms.aliyun_signature import AccessKey, encode_query, sign_request
from adapters.sms.vendor_http import VendorHttp
from adapters.sms.vendor_url import check_vendor_url
from resolvers.messages import SmsNotice
from resolvers.ports import SmsMessage, SmsSenderError

ENDPOINT = "https://dysmsapi.aliyuncs.com"
_MAINLAND = "+86"

# What their codes look like (`isv.BUSINESS_LIMIT_CONTROL`). Their texts may repeat the mobile, and errors are logged.
_CODE_FORM = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AliyunSmsSender:
    """Sends by an approved template whose one variable is `code`: that of the purpose, or `template_code`.

    A notice has a template of its own, without a variable, or is not sent.

    `SendSms` is not idempotent, so a message is never sent again by itself.

    Raises:
        ValueError: when `endpoint` is not `https://`.
    """

    def __init__(
        self,
        *,
        access_key_id: str,
        access_key_secret: str,
        sign_name: str,
        template_code: str,
        timeout_seconds: float,
        purpose_templates: Mapping[str, str] | None = None,
        endpoint: str = ENDPOINT,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        check_vendor_url(endpoint)
        self._key = AccessKey(access_key_id, access_key_secret)
        self._sign_name = sign_name
        self._template_code = template_code
        self._purpose_templates = dict(purpose_templates or {})
        self._endpoint = endpoint.rstrip("/")
        self._clock = clock
        self._http = VendorHttp(timeout_seconds)

    async def send(self, message: SmsMessage) -> None:
        """See `SmsSender.send`."""
        query = encode_query(
            {
                "PhoneNumbers": _spell(message.mobile),
                "SignName": self._sign_name,
                "TemplateCode": self._template_of(message),
                "TemplateParam": json.dumps({"code": message.code} if message.code else {}),
            }
        )
        headers = {
            "host": urlsplit(self._endpoint).netloc,
            "x-acs-action": "SendSms",
            "x-acs-version": "2017-05-25",
            "x-acs-date": self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
        }
        signed = sign_request(self._key, "POST", "/", query, headers)
        status, answer = await self._http.post(f"{self._endpoint}/?{query}", signed, b"")
        if status != HTTPStatus.OK or answer.get("Code") != "OK":
            raise SmsSenderError(f"the vendor answered {status} {_code(answer.get('Code'))}")

    def _template_of(self, message: SmsMessage) -> str:
        template = self._purpose_templates.get(message.purpose)
        if template is None and isinstance(message.purpose, SmsNotice):
            raise SmsSenderError(f"no template for {message.purpose}")
        return template or self._template_code

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()


def _spell(mobile: str) -> str:
    """Spell E.164 as they want it: mainland numbers bare, others with the calling code and no plus."""
    return mobile.removeprefix(_MAINLAND).removeprefix("+")


def _code(code: object) -> str:
    return code if isinstance(code, str) and _CODE_FORM.fullmatch(code) else "without a code"
