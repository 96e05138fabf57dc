"""What all parts share of Redis: messages, a client, presence, the way in, a server where there is none."""
