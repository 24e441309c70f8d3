"""Screens of a Netopia R9100 as its manuals and those of its siblings draw them, and what they say.

Each is a text as it stands on the screen, its title, and its items as (label, value, kind).
"""

from __future__ import annotations

from wanfailover.transports.console.items import Kind

F, M, A, T = Kind.FIELD, Kind.MENU, Kind.ACTION, Kind.TEXT

Expected = list[tuple[str, str, Kind]]

MAIN_MENU = """

                           Netopia R9100 v4.8.2


                           Easy Setup...
                           WAN Configuration...
                           System Configuration...
                           Utilities & Diagnostics...
                           Statistics & Logs...
                           Quick Menus...
                           Quick View...










     Return/Enter goes to Easy Setup -- minimal configuration.
     You always start from this main screen.
"""

WAN_ETHERNET = """

                           WAN Ethernet Configuration


            Address Translation Enabled:      Yes
            Local WAN IP Address:             192.0.2.10
            Local WAN IP Mask:                255.255.255.0

            NAT Map List...                   Easy-PAT List
            NAT Server List...                Easy-Servers

            Filter Set...
            Remove Filter Set

            Receive RIP:                      Off
            WAN Ethernet MAC Address:         00:00:c5:70:03:4a
            DHCP Client Mode:                 Standards-Based
            PPP over Ethernet:                Off


            PREVIOUS SCREEN                   NEXT SCREEN


     Enter an IP address in decimal and dot form (xxx.xxx.xxx.xxx).
     Set up the WAN Ethernet interface here.
"""

IP_SETUP = """

                                        IP Setup


            Ethernet IP Address:              192.168.1.1
            Ethernet Subnet Mask:             255.255.255.0
            Define Additional Subnets...

            Default IP Gateway:               192.0.2.1
            Backup IP Gateway:                0.0.0.0
            Primary Domain Name Server:       0.0.0.0
            Secondary Domain Name Server:     0.0.0.0
            Domain Name:

            Receive RIP:                      Both
            Transmit RIP:                     Off

            Static Routes...
            Address Serving Setup...
            Exported Services...
            Filter Sets...

     Enter an IP address in decimal and dot form (xxx.xxx.xxx.xxx).
     Set up the basic IP attributes of your Netopia in this screen.
"""

SECURITY = """

                                    Security Options


            Enable Dial-in Console Access:            Yes
            Enable SmartStart/SmartView/Web Server:   Yes
            Enable Telnet Console Access:             Yes
            Enable Telnet Access to SNMP Screens:     Yes

            Show Users...
            Add User...
            Delete User...

            Password for This Screen (11 chars max):








     Return/Enter accepts * Tab toggles * ESC cancels.
     Set up configuration access options here.
"""

SNMP_SETUP = """

                                      SNMP Setup

            System Name:
            System Location:
            System Contact:

            Read-Only Community String:       public
            Read/Write Community String:      private

            Authentication Traps Enable:      Off
            IP Trap Receivers...










     Configure optional SNMP parameters from here.
"""

PING = """

                                      ICMP Ping

            Name of Host to Ping:
            Packets to Send:           5
            Data Size:                 56
            Delay (seconds):           1

            START PING

            Status:

            Packets Out:               0
            Packets In:                0
            Packets Lost:              0 (0%)
            Round Trip Time
            (Min/Max/Avg):             0.000 / 0.000 / 0.000 secs




     Enter the IP Address/Domain Name of a host to ping.
     Send ICMP Echo Requests to a network host.
"""

QUICK_VIEW = """

                                      Quick View              12/11/1998 12:45:44 PM
     Default IP Gateway: 192.0.2.1       CPU Load: 2%     Unused Memory: 1142 KB
     Domain Name Server: 0.0.0.0         WAN Interface Group -- Primary
     Domain Name: None Provided
     ----------------MAC Address--------IP Address-------IPX Address----EtherTalk--
     Ethernet Hub:   00-00-c5-70-03-48  192.168.1.1
     Ethernet WAN1:  00-00-c5-70-03-4a  192.0.2.10

     Current WAN Connection Status
     ---Profile Name----------Rate--%Use-Remote Address-----Est.-More Info---------
     (profile)                10    0    IP 192.0.2.1        Lcl  NAT 192.0.2.10

     LED Status
     -PWR-+-------WAN1--------+--CON--+--AUX--+-------WAN2--------+--EN--+--LEDS--
"""

VPN_QUICK_VIEW = """

                                    VPN QuickView
     Profile Name----------Type--Rx Pckts--Tx Pckts--RxDiscard--Remote Address--
     HQ tunnel             IPsec       99        99          0  203.0.113.8
"""

EVENTS = """

                                  WAN Event History
                                          Current Date --  3/5/98 03:07:05 PM
     -Date-----Time-----Event------------------------------------------------------
     ----------------------------------SCROLL UP-----------------------------------
      03/05/98 13:59:06   IP up, channel 1
      03/05/98 13:58:01   link up
     ---------------------------------SCROLL DOWN----------------------------------
     Clear History...
Return/Enter on event item for details or 'SCROLL [UP/DOWN]' item for scrolling.
"""

WITHOUT_COLONS = """

                                        IP Setup

            Ethernet IP Address               192.168.1.1
            Default IP Gateway                192.0.2.1
            Static Routes...
"""

ALL: dict[str, tuple[str, str, Expected]] = {
    "main-menu": (
        MAIN_MENU,
        "Netopia R9100 v4.8.2",
        [
            ("Easy Setup", "", M),
            ("WAN Configuration", "", M),
            ("System Configuration", "", M),
            ("Utilities & Diagnostics", "", M),
            ("Statistics & Logs", "", M),
            ("Quick Menus", "", M),
            ("Quick View", "", M),
        ],
    ),
    "wan-ethernet": (
        WAN_ETHERNET,
        "WAN Ethernet Configuration",
        [
            ("Address Translation Enabled", "Yes", F),
            ("Local WAN IP Address", "192.0.2.10", F),
            ("Local WAN IP Mask", "255.255.255.0", F),
            ("NAT Map List", "Easy-PAT List", M),
            ("NAT Server List", "Easy-Servers", M),
            ("Filter Set", "", M),
            ("Remove Filter Set", "", T),
            ("Receive RIP", "Off", F),
            ("WAN Ethernet MAC Address", "00:00:c5:70:03:4a", F),
            ("DHCP Client Mode", "Standards-Based", F),
            ("PPP over Ethernet", "Off", F),
            ("PREVIOUS SCREEN", "", A),
            ("NEXT SCREEN", "", A),
        ],
    ),
    "ip-setup": (
        IP_SETUP,
        "IP Setup",
        [
            ("Ethernet IP Address", "192.168.1.1", F),
            ("Ethernet Subnet Mask", "255.255.255.0", F),
            ("Define Additional Subnets", "", M),
            ("Default IP Gateway", "192.0.2.1", F),
            ("Backup IP Gateway", "0.0.0.0", F),
            ("Primary Domain Name Server", "0.0.0.0", F),
            ("Secondary Domain Name Server", "0.0.0.0", F),
            ("Domain Name", "", F),
            ("Receive RIP", "Both", F),
            ("Transmit RIP", "Off", F),
            ("Static Routes", "", M),
            ("Address Serving Setup", "", M),
            ("Exported Services", "", M),
            ("Filter Sets", "", M),
        ],
    ),
    "security": (
        SECURITY,
        "Security Options",
        [
            ("Enable Dial-in Console Access", "Yes", F),
            ("Enable SmartStart/SmartView/Web Server", "Yes", F),
            ("Enable Telnet Console Access", "Yes", F),
            ("Enable Telnet Access to SNMP Screens", "Yes", F),
            ("Show Users", "", M),
            ("Add User", "", M),
            ("Delete User", "", M),
            ("Password for This Screen (11 chars max)", "", F),
        ],
    ),
    "snmp": (
        SNMP_SETUP,
        "SNMP Setup",
        [
            ("System Name", "", F),
            ("System Location", "", F),
            ("System Contact", "", F),
            ("Read-Only Community String", "public", F),
            ("Read/Write Community String", "private", F),
            ("Authentication Traps Enable", "Off", F),
            ("IP Trap Receivers", "", M),
        ],
    ),
    "ping": (
        PING,
        "ICMP Ping",
        [
            ("Name of Host to Ping", "", F),
            ("Packets to Send", "5", F),
            ("Data Size", "56", F),
            ("Delay (seconds)", "1", F),
            ("START PING", "", A),
            ("Status", "", F),
            ("Packets Out", "0", F),
            ("Packets In", "0", F),
            ("Packets Lost", "0 (0%)", F),
            ("Round Trip Time", "", T),
            ("(Min/Max/Avg)", "0.000 / 0.000 / 0.000 secs", F),
        ],
    ),
    "quick-view": (
        QUICK_VIEW,
        "Quick View",
        [
            ("Default IP Gateway", "192.0.2.1", F),
            ("CPU Load", "2%", F),
            ("Unused Memory", "1142 KB", F),
            ("Domain Name Server", "0.0.0.0", F),
            ("WAN Interface Group -- Primary", "", T),
            ("Domain Name", "None Provided", F),
            ("Ethernet Hub", "00-00-c5-70-03-48", F),
            ("192.168.1.1", "", T),
            ("Ethernet WAN1", "00-00-c5-70-03-4a", F),
            ("192.0.2.10", "", T),
            ("Current WAN Connection Status", "", T),
            ("(profile)  10  0  IP 192.0.2.1  Lcl  NAT 192.0.2.10", "", T),
            ("LED Status", "", T),
        ],
    ),
    "vpn-quick-view": (
        VPN_QUICK_VIEW,
        "VPN QuickView",
        [("HQ tunnel  IPsec  99  99  0  203.0.113.8", "", T)],
    ),
    "events": (
        EVENTS,
        "WAN Event History",
        [
            ("Current Date --", "3/5/98 03:07:05 PM", F),
            ("SCROLL UP", "", A),
            ("03/05/98 13:59:06", "IP up, channel 1", F),
            ("03/05/98 13:58:01", "link up", F),
            ("SCROLL DOWN", "", A),
            ("Clear History", "", M),
        ],
    ),
    "without-colons": (
        WITHOUT_COLONS,
        "IP Setup",
        [
            ("Ethernet IP Address", "192.168.1.1", F),
            ("Default IP Gateway", "192.0.2.1", F),
            ("Static Routes", "", M),
        ],
    ),
}
