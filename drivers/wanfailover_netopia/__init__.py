"""Drives the Netopia R9100 by its menus and its SNMP agent."""

from wanfailover_netopia.plugin import PLUGIN

__all__ = ["PLUGIN"]
