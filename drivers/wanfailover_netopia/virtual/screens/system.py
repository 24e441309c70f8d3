"""System Configuration and below."""

from __future__ import annotations

from wanfailover_netopia.virtual.screens.screen import Screen, forms

_IP = "Set up the basic IP attributes of your Netopia in this screen."

SCREENS = {
    "system": Screen(
        "System Configuration",
        """
3     |          Network Protocols Setup...                    >protocols
4     |          IP Setup...                                   >ip
extra |          IPX Setup...                                  >ipx
      |          Filter Sets...                                >filters
      |          IP Address Serving...                         >serving
4     |          Network Address Translation (NAT)...          >nat
      |          Date and Time...                              >date
      |          Console Configuration...                      >console
snmp  |          SNMP (Simple Network Management Protocol)...  >snmp
      |          Security...                                   >security
      |          Upgrade Feature Set...                        >features
      |          Logging...                                    >logging
extra |          Change Device to a Bridge...                  >!dialog bridge
""",
        "Use this screen if you want options beyond Easy Setup.",
    ),
    "protocols": Screen(
        "Network Protocols Setup",
        """
      |          AppleTalk Setup...                            >ipx
      |          IPX Setup...                                  >ipx
      |          IP Setup...                                   >ip
""",
        "Choose the protocol to be set up.",
    ),
    "ipx": Screen(
        "IPX Setup",
        """
      |            IPX Routing:                      No
""",
    ),
    "ip": Screen(
        "IP Setup",
        """
      |            Ethernet IP Address:              {ip.address}
      |            Ethernet Subnet Mask:             {ip.mask}
      |            Define Additional Subnets...      >subnets
      |
extra |            Default IP Gateway Priority:      {ip.priority}
      |            Default IP Gateway:               {ip.gateway}
      |            Backup IP Gateway:                {ip.backup}
      |            Primary Domain Name Server:       {ip.dns1}
      |            Secondary Domain Name Server:     {ip.dns2}
      |            Domain Name:                      {ip.domain}
      |
      |            Receive RIP:                      {ip.rip-in}
      |            Transmit RIP:                     {ip.rip-out}
      |
      |            Static Routes...                  >routes
3     |            Address Serving Setup...          >serving
3     |            Exported Services...              >exports
      |            Filter Sets...                    >filters
""",
        _IP,
    ),
    "subnets": Screen(
        "Define Additional Subnets",
        """
      |               IP Address        Subnet Mask
      |            #1: 0.0.0.0           0.0.0.0
""",
    ),
    "routes": Screen(
        "Static Routes",
        """
      |            Display/Change Static Route...    >!list route change
      |            Add Static Route...               >!add route
      |            Delete Static Route...            >!list route delete
""",
        "Configure/View/Delete Static Routes from this and the following Screens.",
    ),
    **forms(
        "route",
        "Static Route",
        "ADD STATIC ROUTE NOW",
        """
      |            Static Route Enabled:             {route.enabled}
      |            Destination Network IP Address:   {route.network}
      |            Destination Network Subnet Mask:  {route.mask}
      |            Next Gateway IP Address:          {route.gateway}
      |            Route Priority:                   {route.priority}
      |            Advertise Route Via RIP:          {route.rip}
""",
        "Configure a new Static Route in this Screen.",
        "Modify a Static Route in this Screen.",
    ),
    "filters": Screen(
        "IP Filter Sets",
        """
      |            Display/Change Filter Set...      >!list filter change
      |            Delete Filter Set...              >!list filter delete
      |            Set up the Basic Firewall...      >!dialog firewall
""",
    ),
    "serving": Screen(
        "IP Address Serving",
        """
      |            IP Address Serving:               {serving.mode}
      |            Number of Client IP Addresses:    {serving.clients}
      |            1st Client Address:               {serving.first}
      |            Client Default Gateway:           {serving.gateway}
""",
        "Configure Address Serving (DHCP, BOOTP, etc.) here.",
    ),
    "nat": Screen(
        "Network Address Translation (NAT)",
        """
      |            Show/Change Map List...           >!list map change
      |            Show/Change Server List...        >servers
extra |            Add Server List...                >server-list-add
""",
        "Network Address Translation (MultiNAT) is configured here.",
    ),
    "server-list-add": Screen(
        "Add NAT Server List",
        """
      |            CANCEL                            >!back
""",
    ),
    "servers": Screen(
        "Show/Change NAT Server List",
        """
      |            Server List Name:                 [list-name]
      |
      |            Add Server...                     >!add server
      |            Show/Change Server...             >!list server change
      |            Delete Server...                  >!list server delete
""",
        "Servers of the inside that are seen from the outside.",
    ),
    **forms(
        "server",
        "NAT Server",
        "ADD NAT SERVER",
        """
      |            Service...                        {server.service}
      |            Internal Port:                    {server.port}
      |            External Private IP Address:      {server.private}
      |            External Public IP Address:       {server.public}
""",
        "Enter a server; an External Public IP Address of 0.0.0.0 is that of the WAN.",
        "An External Public IP Address of 0.0.0.0 is that of the WAN.",
    ),
    "exports": Screen(
        "Exported Services",
        """
      |           (Local Port to IP Address Remapping)
      |
      |            Show/Change Exports...            >!list export change
      |            Add Export...                     >!add export
      |            Delete Export...                  >!list export delete
""",
        "Select servers of the inside that are seen from the outside.",
    ),
    **forms(
        "export",
        "Exported Service",
        "ADD EXPORT NOW",
        """
      |            Service...                        {export.service}
      |            Local Server's IP Address:        {export.private}
""",
    ),
    "date": Screen(
        "Set Date and Time",
        """
      |            System Date Format:               {date.format}
      |            Current Date (MM/DD/YY):          {date.date}
      |            Current Time:                     {date.time}
""",
    ),
    "console": Screen(
        "Console Configuration",
        """
      |            Baud Rate...                      {console.baud}
      |            Hardware Flow Control:            {console.flow}
48    |            Console Access timeout (seconds): {console.timeout}
      |
      |            SET CONFIG NOW                    >!back
      |            CANCEL                            >!back
""",
        "Configure the console port here.",
    ),
    "snmp": Screen(
        "SNMP Setup",
        """
      |            System Name:                      {snmp.name}
      |            System Location:                  {snmp.location}
      |            System Contact:                   {snmp.contact}
      |
      |            Read-Only Community String:       {snmp.ro}
      |            Read/Write Community String:      {snmp.rw}
      |
      |            Authentication Traps Enable:      {snmp.traps}
      |            IP Trap Receivers...              >traps
""",
        "Configure optional SNMP parameters from here.",
    ),
    "traps": Screen(
        "IP Trap Receivers",
        """
      |            Display/Change IP Trap Receiver...   >!list trap change
      |            Add IP Trap Receiver...              >!add trap
      |            Delete IP Trap Receiver...           >!list trap delete
""",
    ),
    **forms(
        "trap",
        "IP Trap Receiver",
        "ADD TRAP RECEIVER NOW",
        """
      |            Receiver IP Address or Domain Name:  {trap.address}
      |            Community String:                    {trap.community}
""",
    ),
    "security": Screen(
        "Security Options",
        """
      |            Enable Dial-in Console Access:            {security.dial-in}
      |            Enable SmartStart/SmartView/Web Server:   {security.web}
      |            Enable Telnet Console Access:             {security.telnet}
      |            Enable Telnet Access to SNMP Screens:     {security.snmp}
410   |            Telnet Server Port:                       {telnet.port}
      |
      |            Show Users...                             >!list user change
      |            Add User...                               >!add user
      |            Delete User...                            >!list user delete
      |
      |            Password for This Screen (11 chars max):  {security.page}
""",
        "Set up configuration access options here.",
    ),
    "user-add": Screen(
        "Add Name With Write Access",
        """
      |            Enter Name:                       {user.name}
      |            Enter Password (11 characters max): {user.password}
      |
      |            ADD NAME/PASSWORD NOW             >!store user
      |            CANCEL                            >!back
""",
    ),
    "user-change": Screen(
        "Show Users",
        """
      |            Name:                             {user.name}
""",
    ),
    "features": Screen(
        "Netopia Feature Set Upgrade",
        """
      |            Feature Key:                      {feature.key}
      |
      |            UPGRADE NOW                       >!dialog upgrade
""",
        "Feature keys are to be had from your Netopia reseller.",
    ),
    "logging": Screen(
        "Logging Configuration",
        """
      |            Log WAN Events:                   {log.wan}
      |            Syslog Enabled:                   {log.syslog}
      |            Hostname or IP Address:           {log.host}
""",
    ),
}
