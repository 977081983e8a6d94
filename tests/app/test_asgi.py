"""What Sale's processes listen with."""

import socket
from contextlib import closing

from sale_app.asgi import listen


def test_what_is_accepted_sends_the_second_part_of_an_answer_without_waiting_for_the_client() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        closing(listener.accept()[0]) as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
