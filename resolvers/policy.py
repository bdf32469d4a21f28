"""What an operator may set of the rules: each default stands here, and the settings read it."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from resolvers.limits import DAY_SECONDS, Limit, Limits

SmsSignIn = Literal["register", "existing", "off"]
"""Whether a right code to sign in makes an account where there is none, or signs in only to one that is there."""

_CODES_A_NOTICE = 10


class Document(NamedTuple):
    """One version of a text that people agree to."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers and lists that are chosen, and the limits that are scaled, for one installation."""

    limits: Limits = field(default_factory=Limits)
    sms_country_codes: frozenset[str] = frozenset({"+86"})
    sms_daily_ceiling: int = 5000
    """SMS of the whole installation in a day."""
    dry_guards: frozenset[str] = frozenset()
    """Guards on SMS spending that only tell what they would do."""
    sms_code_digits: int = 6
    sms_sign_in: SmsSignIn = "register"
    new_device_notice: bool = False
    consents: tuple[Document, ...] = ()
    """What people must have agreed to who register or sign in by SMS code at the GraphQL door."""
    audit_days: int = 180
    """How long the audit trail and the ledger of SMS are kept."""
    sudo_seconds: int = 900
    """How long a proof of who is signed in counts as fresh."""

    @property
    def sms_ceiling(self) -> Limit:
        """The ceiling on SMS codes as a limit of the whole installation."""
        return Limit("sms", "installation", self.sms_daily_ceiling, DAY_SECONDS)

    @property
    def notice_ceiling(self) -> Limit:
        """The ceiling on notices: a tenth of that on codes, besides it."""
        return Limit("notice", "installation", self.sms_daily_ceiling // _CODES_A_NOTICE, DAY_SECONDS)
