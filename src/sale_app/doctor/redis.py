"""A look at Redis: may we in, may we keep what we know, and may we ring?"""

import redis.asyncio
from redis import exceptions

from sale_adapters.redis.alarm import FEED_CHANNEL
from sale_app.doctor.findings import PATIENCE_SECONDS, NotWell, Seen, unreachable

# Where policies are kept, so that the rights asked for are those that are needed; no role is called so.
_KEY = "sale:policy:doctor"


async def look_at_redis(url: str) -> Seen:
    """Return what there is to say of a Redis that does what Sale needs.

    Raises:
        NotWell, NotReachable: see there.
    """
    try:
        async with redis.asyncio.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
        ) as client:
            await client.set(_KEY, "well", ex=1)
            await client.publish(FEED_CHANNEL, "")  # whoever hears it looks for news, and finds none
    except exceptions.AuthenticationError as error:
        raise NotWell(f"it does not let us in ({error}); check user and password in SALE_REDIS_URL") from None
    except exceptions.ReadOnlyError:
        raise NotWell("it is a replica, which cannot be written; let SALE_REDIS_URL name the primary") from None
    except exceptions.NoPermissionError as error:
        raise NotWell(f"a right is missing ({error}); SET, GET, PUBLISH and SUBSCRIBE are needed") from None
    except (TypeError, ValueError):
        raise NotWell("SALE_REDIS_URL has an option behind its ? that the client does not know") from None
    except exceptions.InvalidResponse:
        raise NotWell("what answers there is no Redis; check host and port in SALE_REDIS_URL") from None
    except exceptions.ResponseError as error:
        raise NotWell(f"it refuses what Sale needs: {error}; check SALE_REDIS_URL") from None
    except (exceptions.RedisError, OSError) as error:
        raise unreachable(error) from None
    return Seen("it keeps and rings")
