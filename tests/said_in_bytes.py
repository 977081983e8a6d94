"""Say to a server what no well-behaved client says, byte by byte."""

import asyncio


async def all_from(address: str, said: bytes) -> bytes:
    """Send something and return all that comes back until the server ends the connection."""
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(said)
    async with asyncio.timeout(3):
        answer = await reader.read()
    writer.close()
    return answer


async def answer_to(address: str, *pieces: bytes) -> bytes:
    """Send pieces one by one and return all that comes back up to the end of the answer's first read."""
    reader, writer = await asyncio.open_connection(*address.split(":"))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)
    async with asyncio.timeout(10):
        answer = await reader.read(65_536)
        while b"}" not in answer and (more := await reader.read(65_536)):
            answer += more
    writer.close()
    return answer
