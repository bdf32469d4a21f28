"""What people do in several steps, through one door."""

from tests.doors.door import Door, Outcome
from tests.doors.harness import Harness

MOBILE = "+8618736008450"
OTHER_MOBILE = "+8613912345678"
PASSWORD = "correct horse 42"
REAL_NAME = "张三丰"
ID_NUMBER = "11010519491231002X"
MASKED_ID_NUMBER = "1101**********002X"


async def solve_captcha(harness: Harness, door: Door) -> tuple[str, str]:
    """A fresh captcha's id and text."""
    made = await door.create_captcha()
    assert made.is_ok, made
    captcha_id = made.values["id"]
    return captcha_id, harness.captcha_text(captcha_id)


async def ask_for_code(harness: Harness, door: Door, mobile: str = MOBILE) -> Outcome:
    """A right captcha, then the code; whatever comes of it."""
    captcha_id, text = await solve_captcha(harness, door)
    return await door.send_sms_code(mobile, captcha_id, text)


async def receive_code(harness: Harness, door: Door, mobile: str = MOBILE) -> tuple[str, str]:
    """The code that arrived, and the captcha text that was right for it."""
    captcha_id, text = await solve_captcha(harness, door)
    sent = await door.send_sms_code(mobile, captcha_id, text)
    assert sent.is_ok, sent
    return harness.sms.last_code, text


async def sign_up(harness: Harness, door: Door, mobile: str = MOBILE, password: str = PASSWORD) -> Outcome:
    """Register through this door; its client is signed in then."""
    code, text = await receive_code(harness, door, mobile)
    registered = await door.register(mobile, code, password, captcha_text=text)
    assert registered.is_ok, registered
    return registered


def wrong(code: str) -> str:
    """Another code of six digits."""
    return f"{(int(code) + 1) % 10**6:06}"
