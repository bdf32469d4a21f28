"""What the process of its own costs a picture: `python -m benchmarks.pictures`.

A photograph of 12 megapixels is made into an avatar in this process and by the picture process, in turns; the CPU of
each, that of the worker's side and of the forked children included, and their ratio.
"""

import argparse
import asyncio
import os
import statistics
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from adapters.picture_process import ProcessPictureMaker
from benchmarks.machine import describe_machine
from resolvers.pictures import make_avatar

_ROUNDS_OF_ONE = 5


@dataclass
class Upload:
    """A file in memory."""

    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    async def read(self) -> bytes:
        return self.content


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures")
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    print("\n".join(f"- {line}" for line in describe_machine()))
    asyncio.run(measure(options.rounds))


async def measure(rounds: int) -> None:
    """Both ways in turns, and the ratio of each round."""
    upload, maker = (
        Upload(photograph()),
        ProcessPictureMaker(picture_seconds=5, start_seconds=30, end_seconds=1),
    )
    make_avatar(upload.content)
    await maker.make_avatar(upload, account_id=1)
    ratios, own, apart = [], [], []
    for _ in range(rounds):
        own.append(_here(upload))
        apart.append(await _apart(maker, upload))
        ratios.append(apart[-1] / own[-1])
    await maker.aclose()
    low, *_, high = sorted(ratios)
    print(
        f"{upload.size:,} bytes: the work itself {statistics.median(own) * 1000:.0f} ms of CPU, in the picture process "
        f"{statistics.median(apart) * 1000:.0f} ms; ratio {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})"
    )


def photograph() -> bytes:
    """4,000 by 3,000 pixels with as much detail as a photograph's file has."""
    out = BytesIO()
    Image.effect_noise((400, 300), 60).resize((4000, 3000)).convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


def _here(upload: Upload) -> float:
    before = time.process_time()
    for _ in range(_ROUNDS_OF_ONE):
        make_avatar(upload.content)
    return (time.process_time() - before) / _ROUNDS_OF_ONE


async def _apart(maker: ProcessPictureMaker, upload: Upload) -> float:
    before = _cpu_seconds(maker)
    for _ in range(_ROUNDS_OF_ONE):
        await maker.make_avatar(upload, account_id=1)
    return (_cpu_seconds(maker) - before) / _ROUNDS_OF_ONE


def _cpu_seconds(maker: ProcessPictureMaker) -> float:
    """Of this process, the picture process, and its children that have ended."""
    process = maker._process  # noqa: SLF001 - nobody else asks for it
    if process is None:
        raise RuntimeError("there is no picture process")
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
