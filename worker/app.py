"""The Celery app: queues, delivery promises and limits, one setting a line with its reason."""

import ssl
from collections import deque

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

from broker.address import Address
from broker.message import QUEUES

#: Seconds after which a reading process is killed. Equal to the lease: no process outlives its claim.
HARD_LIMIT_SECONDS = 60


def make_app(address: Address, *, events: bool = False) -> Celery:
    """Make the app for one broker; with `events`, its workers tell a monitor what they do. Connects to nothing yet."""
    # kombu's table of transports by URL scheme: a URL such as redis+socket:// leaves no other way to name one's own.
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "broker.transport:Transport"))
    app = Celery("digits", broker=address.url, include=["worker.tasks"])
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_routes=QUEUES,
        task_ignore_result=True,  # results live in the ledger
        task_acks_late=True,  # a message is acknowledged when its rows are answered
        task_reject_on_worker_lost=True,  # the message of a process that died is delivered once more, marked
        task_acks_on_timeout=False,  # so does that of a process that the hard limit ends
        worker_prefetch_multiplier=1,  # a slow worker holds no chunk that a free one could read
        worker_pool_start_method="spawn",  # TensorFlow hangs in a forked child
        worker_proc_alive_timeout=120,  # a child loads its model before it reports for work
        worker_cancel_long_running_tasks_on_connection_loss=False,  # a claimed chunk is finished without the broker
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=events,
        worker_enable_remote_control=False,  # else everybody who can write to Redis could shut workers down
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # wait for a lost broker without end
        broker_connection_timeout=2,
        # The URL takes precedence. Without this, kombu 5.7 sends the password to a server with any certificate.
        broker_use_ssl={"ssl_cert_reqs": ssl.CERT_REQUIRED} if address.url.startswith("rediss:") else False,
        broker_transport_options={
            "global_keyprefix": address.prefix,  # begins the name of all that kombu has in Redis, channels too
            "socket_timeout": 10,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "given_back": deque(),  # what our channels deliver once more: broker/delivery.py
        },
    )
    return app
