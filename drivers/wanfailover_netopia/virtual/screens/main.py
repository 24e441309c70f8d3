"""The Main Menu, Easy Setup, Quick Menus."""

from __future__ import annotations

from wanfailover_netopia.virtual.screens.screen import Screen

MAIN = Screen(
    "[identity]",
    """
      |
      |
      |                             Easy Setup...                 >easy-wan
      |                             WAN Configuration...          >wan
extra |                             Voice Configuration...        >voice
      |                             System Configuration...       >system
3     |                             Statistics, Utilities, Tests...     >tests
4     |                             Utilities & Diagnostics...    >utilities
4     |                             Statistics & Logs...          >statistics
      |                             Quick Menus...                >quick-menus
      |                             Quick View...                 >quick-view
""",
    "You always start from this main screen.",
)

WAN_ETHERNET = """
      |            Address Translation Enabled:      {wan.nat}
extra |            Remote WAN IP Address:            {wan.remote}
      |            Local WAN IP Address:             {wan.address}
extra |            Local WAN IP Broadcast Address:   {wan.broadcast}
mask  |            Local WAN IP Mask:                {wan.mask}
      |
3     |            Exported Services...              >exports
4     |            NAT Map List...                   {wan.map}
4     |            NAT Server List...                {wan.servers}
      |
      |            Filter Set...                     {wan.filter}
      |            Remove Filter Set                 >!dialog remove-filter
      |
      |            Receive RIP:                      {wan.rip}
48    |            WAN Ethernet MAC Address:         {wan.mac}
48    |            DHCP Client Mode:                 {wan.dhcp}
48    |            PPP over Ethernet:                {wan.pppoe}
"""

EASY_WAN = Screen(
    "WAN Ethernet Configuration",
    WAN_ETHERNET
    + """
      |
      |            TO MAIN MENU                      >!main
      |            NEXT SCREEN                       >easy-ip
""",
    "Enter the information supplied by your Internet Service Provider.",
)

EASY_IP = Screen(
    "IP Easy Setup",
    """
      |            Ethernet IP Address:              {ip.address}
      |            Ethernet Subnet Mask:             {ip.mask}
      |
      |            Domain Name:                      {ip.domain}
      |            Primary Domain Name Server:       {ip.dns1}
      |            Secondary Domain Name Server:     {ip.dns2}
      |
      |            Default IP Gateway:               {ip.gateway}
      |
      |            IP Address Serving:               {serving.mode}
      |            Number of Client IP Addresses:    {serving.clients}
      |            1st Client Address:               {serving.first}
      |
      |            PREVIOUS SCREEN                   >!back
      |            NEXT SCREEN                       >easy-security
""",
    "Set up the basic IP attributes of your Netopia in this screen.",
)

EASY_SECURITY = Screen(
    "Easy Setup Security Configuration",
    """
      |
      |     It is strongly suggested that you password-protect configuration access
      |     to your Netopia. The name and password guard telnet and console access.
      |
      |            Write Access Name:                {access.name}
      |            Write Access Password:            {access.password}
      |
      |            PREVIOUS SCREEN                   >!back
      |            TO MAIN MENU                      >!main
      |            RESTART DEVICE                    >!dialog restart
""",
    "Configure a name and password to protect configuration access.",
)

VOICE = Screen(
    "Voice Configuration",
    """
      |
      |                       No voice module is installed.
""",
    "Configure voice ports here.",
)

QUICK_MENUS = Screen(
    "Quick Menus",
    """
      |            Connection Profiles...            >profiles
      |            Add Connection Profile...         >!add profile
      |            IP Setup...                       >ip
      |            Add Static Route...               >!add route
      |            Change Static Route...            >!list route change
      |            Date and Time...                  >date
snmp  |            SNMP Setup...                     >snmp
      |            Security Options...               >security
      |            Ping...                           >ping
      |            WAN Event History...              >wan-log
      |            Restart System...                 >!dialog restart
""",
    "This menu takes you to the screens that are used most.",
)

SCREENS = {
    "main": MAIN,
    "easy-wan": EASY_WAN,
    "easy-ip": EASY_IP,
    "easy-security": EASY_SECURITY,
    "voice": VOICE,
    "quick-menus": QUICK_MENUS,
}
