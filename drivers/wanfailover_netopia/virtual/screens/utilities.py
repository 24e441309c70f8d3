"""Utilities & Diagnostics, Statistics & Logs, and their one menu of 3.x."""

from __future__ import annotations

from wanfailover_netopia.virtual.screens.screen import Screen

_LOG_HELP = "Return/Enter on event item for details or 'SCROLL [UP/DOWN]' item for scrolling."
_TOOLS = """
      |          Ping...                                       >ping
      |          Trace Route...                                >trace
      |          Telnet...                                     >telnet
      |          Disconnect Telnet Console Session...          >!dialog disconnect-telnet
extra |          Secure Shell...                               >ssh
      |
      |          Trivial File Transfer Protocol (TFTP)...      >tftp
      |          X-Modem File Transfer...                      >x-modem
      |
      |          Revert to Factory Defaults...                 >!dialog factory
      |          Restart System...                             >!dialog restart
"""
_LOGS = """
      |          WAN Event History...                          >wan-log
      |          Device Event History...                       >device-log
      |
      |          General Statistics...                         >general
4 vpn |          VPN QuickView...                              >vpn-quick-view
      |          System Information...                         >information
      |          IP Routing Table...                           >routing-table
"""

SCREENS = {
    "utilities": Screen("Utilities & Diagnostics", _TOOLS, "From here you can test and restart."),
    "statistics": Screen("Statistics & Logs", _LOGS, "From here you can look at the unit's work."),
    "tests": Screen(
        "Statistics, Utilities, Tests",
        f"{_LOGS}      |\n{_TOOLS}",
        "From here you can look at the unit's work, test and restart.",
    ),
    "ping": Screen(
        "ICMP Ping",
        """
      |            Name of Host to Ping:      {ping.host}
      |            Packets to Send:           {ping.packets}
      |            Data Size:                 {ping.size}
      |            Delay (seconds):           {ping.delay}
410   |            Source IP Address:         {ping.source}
      |
!pinging |            START PING                 >!ping
pinging  |            STOP PING                  >!stop-ping
      |
      |            Status:                    [ping.status]
      |
      |            Packets Out:               [ping.out]
      |            Packets In:                [ping.in]
      |            Packets Lost:              [ping.lost]
      |            Round Trip Time
      |            (Min/Max/Avg):             [ping.times]
""",
        "Send ICMP Echo Requests to a network host.",
    ),
    "trace": Screen(
        "Trace Route",
        """
      |            Host Name or IP Address:   {trace.host}
      |            Maximum Hops:              {trace.hops}
      |            Timeout (seconds):         {trace.wait}
      |            Use Reverse DNS:           {trace.dns}
      |
      |            START TRACE ROUTE          >!nothing
""",
        "Trace route to a network host.",
    ),
    "telnet": Screen(
        "Telnet",
        """
      |            Host Name or IP Address:   {telnet.host}
      |
      |            START A TELNET SESSION     >!nothing
""",
        "Start a session with a remote host.",
    ),
    "ssh": Screen("Secure Shell", "\n      |     Not in this feature set.\n"),
    "tftp": Screen(
        "Trivial File Transfer Protocol (TFTP)",
        """
      |            TFTP Server Name:                    {tftp.server}
      |            Firmware File Name:                  {tftp.firmware}
      |
      |            GET ROUTER FIRMWARE FROM SERVER...      >!dialog firmware
      |            GET WAN MODULE FIRMWARE FROM SERVER...  >!dialog firmware
      |
      |            Config File Name:                    {tftp.config}
      |
      |            GET CONFIG FROM SERVER...               >!dialog config
      |            SEND CONFIG TO SERVER...                >!nothing
      |
      |            TFTP Transfer State                  -- Idle
      |            TFTP Current Transfer Bytes          -- 0
""",
    ),
    "x-modem": Screen(
        "X-Modem File Transfer",
        """
      |
      |            X-Modem transfers need a session at the serial console.
""",
    ),
    "wan-log": Screen(
        "WAN Event History",
        """
      |                                           Current Date --  [now]
      |-Date-----Time-----Event------------------------------------------------------
      |[#wan-log]
      |
      |Clear History...                          >!dialog clear-wan
""",
        _LOG_HELP,
    ),
    "device-log": Screen(
        "Device Event History",
        """
      |                                           Current Date --  [now]
      |-Date-----Time-----Event------------------------------------------------------
      |[#device-log]
      |
      |Clear History...                          >!dialog clear-device
""",
        _LOG_HELP,
    ),
    "general": Screen(
        "General Statistics",
        """
      |Physical I/F----Rx Bytes---Tx Bytes---Rx Pkts---Tx Pkts----Rx Err----Tx Err
      |[#physical]
      |
      |Network---------Rx Bytes---Tx Bytes---Rx Pkts---Tx Pkts----Rx Err----Tx Err
      |[#network]
""",
    ),
    "information": Screen(
        "System Information",
        """
      |            Serial Number:                    [serial]
      |            Firmware Version:                 [version]
      |            Model:                            Netopia R9100
      |            RAM:                              4096 KB
      |            Flash:                            1024 KB
""",
    ),
    "routing-table": Screen(
        "IP Routing Table",
        """
      |Network Address-Subnet Mask-----via Router------Port--------------Type-------
      |[#routes]
      |
      |UPDATE                            >!nothing
""",
    ),
    "quick-view": Screen(
        "Quick View",
        """
      |Default IP Gateway: [gateway:15]  CPU Load: 2%      Unused Memory: 1142 KB
      |Domain Name Server: [dns:15]  WAN Interface Group -- Primary
      |Domain Name: [domain]
      |----------------MAC Address--------IP Address-------IPX Address----EtherTalk--
      |Ethernet Hub:   00-00-c5-70-03-48  [lan.running]
      |Ethernet WAN1:  00-00-c5-70-03-4a  [wan.running]
      |
      |Current WAN Connection Status
      |---Profile Name----------Rate--%Use-Remote Address-----Est.-More Info---------
      |[#connections]
      |
      |LED Status
      |-PWR-+-------WAN1--------+--CON--+--AUX--+-------WAN2--------+--EN--+--LEDS--
      |  G  |  Lnk  Rdy  Ch1 Ch2|   -   |   -   |  -    -    -    - |  G   | G= Green
""",
        right="[clock]",
    ),
    "vpn-quick-view": Screen(
        "VPN QuickView",
        """
      |Profile Name----------Type--Rx Pckts--Tx Pckts--RxDiscard--Remote Address--
      |[#tunnels]
""",
    ),
}
