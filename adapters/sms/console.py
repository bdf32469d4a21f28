"""The development sender: the outbox is as far as a message goes."""

from adapters.outbox import FileOutbox
from resolvers.ports import SmsMessage


class ConsoleSmsSender:
    """Takes every message, and writes it where the person at the keyboard looks."""

    def __init__(self, outbox: FileOutbox) -> None:
        self._outbox = outbox

    async def send(self, message: SmsMessage) -> None:
        """See `SmsSender.send`."""
        self._outbox.record_sms(message)

    async def aclose(self) -> None:
        """Nothing to give back."""
