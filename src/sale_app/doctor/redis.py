"""A look at Redis: may we in, may we keep what we know, and may we ring?"""

from collections.abc import Sequence

import redis.asyncio
from redis import exceptions

from sale_adapters.redis.alarm import FEED_CHANNEL, RELAY_CHANNEL
from sale_app.doctor.findings import PATIENCE_SECONDS, NotWell, Seen, unreachable

# Where policies are kept, so that the rights asked for are those that are needed; no role is called so.
_KEY = "sale:policy:doctor"


_BELLS = (FEED_CHANNEL, RELAY_CHANNEL)
_RIGHTS = "SET, GET, PTTL, MULTI, EXEC, PUBLISH, SUBSCRIBE and PING are needed"


async def look_at_redis(url: str, *, signal_channel: str) -> Seen:
    """Return what there is to say of a Redis that does what Sale needs; on no channel anything is heard of it.

    Raises:
        NotWell, NotReachable: see there.
    """
    try:
        async with redis.asyncio.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
        ) as client:
            await _keep(client)
            await _listen(client)
            await _ring(client, (*_BELLS, signal_channel))
    except exceptions.AuthenticationError as error:
        raise NotWell(f"it does not let us in ({error}); check user and password in SALE_REDIS_URL") from None
    except exceptions.ReadOnlyError:
        raise NotWell("it is a replica, which cannot be written; let SALE_REDIS_URL name the primary") from None
    except exceptions.NoPermissionError as error:
        where = f"on the keys sale:policy:* and the channels {', '.join((*_BELLS, signal_channel))}"
        raise NotWell(f"a right is missing ({error}); {_RIGHTS}, {where}") from None
    except (TypeError, ValueError):
        raise NotWell("SALE_REDIS_URL has an option behind its ? that the client does not know") from None
    except exceptions.InvalidResponse:
        raise NotWell("what answers there is no Redis; check host and port in SALE_REDIS_URL") from None
    except exceptions.ResponseError as error:
        raise NotWell(f"it refuses what Sale needs: {error}; check SALE_REDIS_URL") from None
    except (exceptions.RedisError, OSError) as error:
        raise unreachable(error) from None
    return Seen("it keeps and rings")


async def _keep(client: redis.asyncio.Redis) -> None:
    """Write and read as policies are."""
    await client.set(_KEY, "well", px=1_000)
    async with client.pipeline(transaction=True) as both:
        both.get(_KEY)
        both.pttl(_KEY)
        await both.execute()


async def _listen(client: redis.asyncio.Redis) -> None:
    async with client.pubsub() as heard:
        await heard.subscribe(*_BELLS)
        await heard.ping()
        for _ in (*_BELLS, "ping"):
            await heard.get_message(timeout=PATIENCE_SECONDS)


async def _ring(client: redis.asyncio.Redis, channels: Sequence[str]) -> None:
    """Begin to publish: Redis looks at the rights of what is queued, and forgets it when the connection ends: last."""
    async with client.client() as alone:
        await alone.execute_command("MULTI")  # type: ignore[no-untyped-call]
        for channel in channels:
            await alone.execute_command("PUBLISH", channel, "")  # type: ignore[no-untyped-call]
