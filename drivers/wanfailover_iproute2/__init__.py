"""Driver for any Linux router that has iproute2."""
