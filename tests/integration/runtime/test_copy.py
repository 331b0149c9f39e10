"""The copy of the public transcript, beside the whole that it is made of."""

from frontline.runtime.bus import Bus
from frontline.runtime.reader import follow, read
from frontline.runtime.topology import TRANSCRIPT, TRANSCRIPT_PUBLIC


async def test_the_whole_is_read_from_the_whole_and_never_from_its_copy(provisioned: Bus) -> None:
    lines = [f"transcript.c1.{'int' if n % 2 else 'pub'}" for n in range(20)]
    for line in lines:
        await provisioned.publish(line, line.encode())
    public = lines[::2]
    copied: list[str] = []
    async for batch in follow(provisioned, TRANSCRIPT_PUBLIC, "transcript.*.pub", "public.*"):
        copied += [item.subject for item in batch]
        if len(copied) == len(public):
            break
    for _ in range(30):  # whoever may answer a direct get answers some of these
        assert [item.subject async for item in read(provisioned, TRANSCRIPT, "transcript.>")] == lines
