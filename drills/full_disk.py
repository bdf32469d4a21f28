"""A full disk while pictures are uploaded and SQLite writes: clear refusals, and no damage."""

import resource
import subprocess
from contextlib import suppress
from pathlib import Path

from drills.actors import Person, making, new_address, new_picture
from drills.invariants import find_broken_invariants
from drills.load import Crowd
from drills.servers import Gateway
from drills.stage import RECOVERY_SECONDS, Stage, wait_for_success
from drills.visitors import Answer, Doors

CROWD = 10
DISK_MIB = 16
_BALLAST_BYTES = 4096
# The contract's answers to a disk that is full: the database's and the picture store's.
_CLEAR = {4001, 4301}


class _SmallDisk:
    """A small file system where we may mount one, else a limit on the size of the gateway's files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
        self.is_mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0

    def fill(self, gateway: Gateway) -> None:
        """From now on nothing can be written."""
        if not self.is_mounted:
            for pid in gateway.pids():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            return
        with (self.folder / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
            while ballast.write(b"\0" * _BALLAST_BYTES) == _BALLAST_BYTES:
                pass

    def free(self, gateway: Gateway) -> None:
        """There is room again."""
        if not self.is_mounted:
            for pid in gateway.pids():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            return
        (self.folder / "ballast").unlink()

    def close(self) -> None:
        """Unmount."""
        if self.is_mounted:
            subprocess.run(["umount", str(self.folder)], check=False)


async def drill_disk(stage: Stage) -> None:
    """Disk full while uploading and while SQLite writes."""
    disk = _SmallDisk(stage.folder / "disk")
    stage.stack.callback(disk.close)
    gateway = await stage.gateway(data_dir=disk.folder / "data", LIMITS_SCALE="1000")
    doors = await stage.doors(gateway)
    async with making(gateway) as maker:
        crowd, uploader = Crowd.of(await maker.people(CROWD)), (await maker.people(1))[0]
    await crowd.run(doors, 1)
    first = await doors.upload(new_picture(600), token=uploader.token)
    disk.fill(gateway)
    stage.findings.tell(f"full: {'a file system' if disk.is_mounted else 'a limit on the size of files'}")
    await _watch_full(stage, doors, crowd, uploader)
    disk.free(gateway)
    await _judge(stage, gateway, doors, crowd, uploader, str(first.body.get("data")))


async def _watch_full(stage: Stage, doors: Doors, crowd: Crowd, uploader: Person) -> None:
    findings = stage.findings
    before = len(crowd.answers)
    await crowd.run(doors, 3)
    during = crowd.answers[before:]
    findings.check(
        "name changes succeed or are refused clearly, and some are refused",
        holds=all(a.is_success or a.outcome in _CLEAR for a in during)
        and any(not a.is_success for a in during),
        measured=crowd.outcomes,
    )
    uploads = [await doors.upload(new_picture(600), token=uploader.token) for _ in range(3)]
    findings.check(
        "uploads are refused clearly",
        holds=all(answer.outcome in _CLEAR for answer in uploads),
        measured=[answer.outcome for answer in uploads],
    )
    captchas = [
        await doors.get("/api/imagecode", codeid=f"full-{n}", address=new_address()) for n in range(3)
    ]
    findings.check(
        "captchas are drawn or refused clearly",
        holds=all(answer.is_success or answer.outcome in _CLEAR for answer in captchas),
        measured=[answer.outcome for answer in captchas],
    )
    reads = [await doors.get("/api/check_login", token=r.person.token) for r in crowd.renamings]
    findings.check(
        "who is signed in is served",
        holds=all(answer.is_success for answer in reads),
        measured=sorted({str(answer.outcome) for answer in reads}),
    )


async def _judge(
    stage: Stage, gateway: Gateway, doors: Doors, crowd: Crowd, uploader: Person, avatar_url: str
) -> None:
    findings = stage.findings

    async def upload() -> Answer:
        return await doors.upload(new_picture(600), token=uploader.token)

    kept = await doors.get(avatar_url)
    findings.check("the picture of before is still served", holds=kept.status == 200, measured=kept.status)
    findings.check_within(
        "with room again it works again by itself", await wait_for_success(upload), RECOVERY_SECONDS
    )
    misfits = await crowd.find_misfits(doors)
    findings.check("every name agrees with the answers", holds=not misfits, measured=misfits[:3])
    leftovers = [path.name for path in gateway.data_dir.rglob("*.part")]
    findings.check("no half-written file is left", holds=not leftovers, measured=leftovers)
    gateway.kill()
    await gateway.start()
    async with making(gateway) as maker:
        broken = await find_broken_invariants(maker)
    findings.check("PRAGMA integrity_check and the invariants hold", holds=not broken, measured=broken)
