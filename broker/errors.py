"""What can go wrong with the broker."""

import redis

#: Every error with which a broker fails: out of reach, read-only, full, refusing, or none of its kind.
BROKER_ERRORS = (redis.RedisError, OSError)


class BrokerUnavailable(Exception):  # noqa: N818 - named for what is wrong
    """No broker can be reached or started; the text says why."""
