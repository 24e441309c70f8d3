"""Driver for any Linux router that has iproute2, by SSH or on the router itself."""

from wanfailover_iproute2.plugin import PLUGIN

__all__ = ["PLUGIN"]
