"""The SMS vendors that settings can choose."""

from adapters.sms.aliyun import ENDPOINT, AliyunSmsSender
from adapters.sms.http import HttpSmsSender
from adapters.sms.vendor_http import VendorHttp
from gateway.settings import Settings
from resolvers.ports import SmsSender


def make_vendor_sender(settings: Settings, timeout_seconds: float) -> SmsSender:
    """The vendor's sender, made from its settings."""
    if settings.sms.sender == "aliyun":
        return AliyunSmsSender(
            access_key_id=settings.sms.aliyun_access_key_id,
            access_key_secret=settings.sms.aliyun_access_key_secret.get_secret_value(),
            sign_name=settings.sms.aliyun_sign_name,
            template_code=settings.sms.aliyun_template_code,
            timeout_seconds=timeout_seconds,
            purpose_templates=dict(entry.split("=", 1) for entry in settings.sms.aliyun_purpose_templates),
        )
    return HttpSmsSender(
        settings.sms.http_url,
        token=settings.sms.http_token.get_secret_value(),
        timeout_seconds=timeout_seconds,
    )


async def reach_vendor(settings: Settings, timeout_seconds: float) -> None:
    """Get some answer from the vendor; no message is sent.

    Raises:
        SmsSenderError: when none comes.
    """
    http = VendorHttp(timeout_seconds)
    try:
        await http.reach(settings.sms.http_url if settings.sms.sender == "http" else ENDPOINT)
    finally:
        await http.aclose()
