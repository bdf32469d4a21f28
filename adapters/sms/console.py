"""The development sender: the inbox is as far as a message goes."""

from adapters.development_inbox import FileInbox
from resolvers.ports import SmsMessage


class ConsoleSmsSender:
    """Takes every message, and writes it where the person at the keyboard looks."""

    def __init__(self, inbox: FileInbox) -> None:
        self._inbox = inbox

    async def send(self, message: SmsMessage) -> None:
        """See `SmsSender.send`."""
        self._inbox.record_sms(message)

    async def aclose(self) -> None:
        """Nothing to give back."""
