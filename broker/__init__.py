"""What all parts share of Redis: messages, a client, signs of life, the way in, a server where there is none."""
