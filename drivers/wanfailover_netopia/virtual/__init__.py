"""A virtual R9100: its telnet console and its SNMP agent, in memory or on the network."""

from wanfailover_netopia.virtual.stand import VIRTUAL
from wanfailover_netopia.virtual.unit import Unit

__all__ = ["VIRTUAL", "Unit"]
