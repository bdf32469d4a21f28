"""What is shown, logged and audited in place of a number, a name or an address: its ends, or its start."""

import ipaddress


def mask_mobile(mobile: str) -> str:
    """An E.164 number for logs and the audit trail: `+86187****8450`."""
    return f"{mobile[:-8]}****{mobile[-4:]}"


def mask_id_number(number: str) -> str:
    """An ID number as it is shown: `1101**********002X`."""
    return f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"


def mask_name(name: str) -> str:
    """A real name as it is shown: `*三`."""
    return f"{'*' * (len(name) - 1)}{name[-1]}"


def mask_address(address: str) -> str | None:
    """What a person is shown of an address, its end hidden: `198.51.100.*`, `2001:db8:1:*`; None for a mere word."""
    try:
        start = ipaddress.ip_network(address).network_address
    except ValueError:
        return None
    if start.version == 4:
        return f"{str(start).rpartition('.')[0]}.*"
    return ":".join(f"{int(group, 16):x}" for group in start.exploded.split(":")[:3]) + ":*"
