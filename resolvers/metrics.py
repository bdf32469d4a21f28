"""Counters for operators: what the guards did. Labels come from small fixed sets, never from a request."""

from prometheus_client import Counter, Gauge

SMS_MESSAGES = Counter(
    "gateway_sms_messages",
    "SMS messages by what came of them: sent, used, failed, or why refused.",
    ["outcome"],
)
SMS_GUARD_ACTIONS = Counter(
    "gateway_sms_guard_actions", "How often a guard on SMS spending acted, or would have.", ["guard", "mode"]
)
PURGED_ROWS = Counter("gateway_purged_rows", "Rows that were deleted because their time was over.", ["table"])
DEPENDENCY_DOWN = Gauge(
    "gateway_dependency_down",
    "1 while an outage of a dependency lasts, as any worker sees it.",
    ["dependency"],
    multiprocess_mode="livemax",
)
SIGN_INS = Counter("gateway_sign_ins", "Sign-ins by outcome: success, failure, refused.", ["outcome"])
