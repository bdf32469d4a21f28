"""`python -m drills`: run every drill, or some; the exit code is 1 when a check has failed."""

import argparse
import asyncio
import os
import re
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from drills.crashes import drill_crash_postgresql, drill_crash_sqlite
from drills.findings import DrillError, Findings
from drills.full_disk import drill_disk
from drills.instances import drill_instances
from drills.outages import drill_outages
from drills.postgresql_faults import drill_postgresql
from drills.redis_faults import drill_redis, drill_redis_slow
from drills.shutdown import drill_sigterm
from drills.sms_faults import drill_sms
from drills.smuggling import drill_proxies
from drills.stage import Drill, setting

DRILLS: dict[str, Drill] = {
    "redis": drill_redis,
    "redis-slow": drill_redis_slow,
    "postgresql": drill_postgresql,
    "sms": drill_sms,
    "outages": drill_outages,
    "instances": drill_instances,
    "crash-sqlite": drill_crash_sqlite,
    "crash-postgresql": drill_crash_postgresql,
    "sigterm": drill_sigterm,
    "disk": drill_disk,
    "proxies": drill_proxies,
}
# The last line of a traceback.
_FAULT = re.compile(r"[\w.]+(Error|Exception)\b")
# No drill needs as long; one that does is stuck.
LIMIT_SECONDS = 240


def main() -> int:
    """Run what was asked for; 0 when every check has held."""
    chosen = _read_arguments()
    prepare_process()
    all_findings = [_run(name) for name in chosen]
    return summarise(all_findings)


def prepare_process() -> None:
    """End in good order when told to, and keep nobody's settings but the drills' own."""
    signal.signal(signal.SIGTERM, _interrupt)
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        del os.environ[name]


def _read_arguments() -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m drills", description=__doc__)
    parser.add_argument("--only", default="", help="names of drills, with commas")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    arguments = parser.parse_args()
    if arguments.list:
        print(render_list())
        sys.exit(0)
    chosen = [name for name in arguments.only.split(",") if name] or list(DRILLS)
    if unknown := set(chosen) - set(DRILLS):
        parser.error(f"no such drill: {', '.join(sorted(unknown))}; see --list")
    return chosen


def render_list() -> str:
    """A table of every drill: its name, and what it does in one sentence."""
    width = max(map(len, DRILLS)) + 2
    rows = [("drill", "what it does"), *((name, _first_line(drill)) for name, drill in DRILLS.items())]
    return "\n".join(f"{name:<{width}}{what}" for name, what in rows)


def _first_line(drill: Drill) -> str:
    return (drill.__doc__ or "").partition("\n")[0]


def _run(name: str) -> Findings:
    print(f"{name}: {_first_line(DRILLS[name])}", flush=True)
    started = time.monotonic()
    findings = asyncio.run(_play(name))
    print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    return findings


async def _play(name: str) -> Findings:
    async with setting(name) as stage:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await DRILLS[name](stage)
        except (DrillError, TimeoutError, OSError) as error:
            stage.findings.check(
                "the drill could be played to its end",
                holds=False,
                measured=f"{type(error).__name__}: {error}",
            )
        if stage.findings.failed:
            _show_logs(stage.folder)
        return stage.findings


def _show_logs(folder: Path) -> None:
    """The faults that the gateways have logged, since their logs go with the folder."""
    for log in sorted(folder.glob("gateway-*.log")):
        lines = log.read_text(errors="replace").splitlines()
        for fault, count in Counter(line[:300] for line in lines if _FAULT.match(line)).most_common(10):
            print(f"          {log.stem}: {count} times {fault}")


def summarise(all_findings: list[Findings]) -> int:
    """Print what has failed; the exit code."""
    passed = sum(findings.passed for findings in all_findings)
    failures = [failure for findings in all_findings for failure in findings.failures]
    print(f"\n{passed} ok, {len(failures)} failed")
    for failure in failures:
        print(f"  FAILED  {failure}")
    return 1 if failures else 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    # Unwinds, so that everything that was started is ended.
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
