"""What can go wrong with the broker.

BrokerUnavailable       it can't be reached, started or used
└── BrokerRefuses       it answers, and refuses a command
"""

import redis

from terminal import printable

#: Every error with which a broker fails: out of reach, read-only, full, refusing, or none of its kind.
BROKER_ERRORS = (redis.RedisError, OSError)
#: A broker's replies. redis-py takes some of them for lost connections; version 8 notes the code of each reply.
_REPLIES = (redis.ResponseError, redis.AuthenticationError, redis.exceptions.BusyLoadingError)


class BrokerUnavailable(Exception):  # noqa: N818 - named for what is wrong
    """No broker can be reached or started; the text says why."""


class BrokerRefuses(BrokerUnavailable):
    """A broker answers, and refuses: access rules, a wrong password, a read-only replica, a full memory."""


def unavailable(error: Exception, command: str, broker: str = "the broker") -> BrokerUnavailable:
    """Give one of BROKER_ERRORS, with which a command ended, as one of ours: a reply is never called silence."""
    why = printable(str(error))
    if isinstance(error, _REPLIES) or getattr(error, "status_code", None):
        return BrokerRefuses(f"{broker} answers and refuses {command}: {why}")
    return BrokerUnavailable(f"{broker} does not answer: {why}")
