"""WAN Configuration and below."""

from __future__ import annotations

from wanfailover_netopia.virtual.screens.main import WAN_ETHERNET
from wanfailover_netopia.virtual.screens.screen import Screen, forms

SCREENS = {
    "wan": Screen(
        "WAN Configuration",
        """
setup |          WAN (Wide Area Network) Setup...              >wan-setup
      |
extra |          WAN Ethernet Diagnostics...                   >wan-diagnostics
      |          Display/Change Connection Profile...          >!list profile change
      |          Add Connection Profile...                     >!add profile
      |          Delete Connection Profile...                  >!list profile delete
      |
3     |          Default Answer Profile...                     >wan-default
4     |          WAN Default Profile...                        >wan-default
4 vpn |          ATMP/PPTP Default Profile...                  >atmp-default
410 vpn|          IKE Phase 1 Configuration...                  >ike
      |          Advanced Connection Options...                >wan-advanced
      |
      |          Scheduled Connections...                      >schedule
410   |          Backup Configuration...                       >backup
      |          Establish WAN Connection...                   >wan-establish
      |          Disconnect WAN Connection...                  >!dialog disconnect-wan
""",
        "From here you will configure yours and the remote sites' WAN information.",
    ),
    "wan-setup": Screen(
        "WAN (Wide Area Network) Setup",
        """
      |
extra |          Ethernet Hub Setup...                         >hub
      |          Ethernet (Wan Module 1) Setup...              >wan-ethernet
extra |          Ethernet (Wan Module 2) Setup...              >wan-module-2
      |          Auxiliary Serial Port Setup...                >aux
""",
        "Choose the port to be configured.",
    ),
    "wan-ethernet": Screen(
        "WAN Ethernet Configuration",
        WAN_ETHERNET,
        "Set up the basic IP attributes of the WAN port.",
    ),
    "wan-module-2": Screen(
        "Wan Module 2",
        """
      |
      |                       No module is installed in slot 2.
""",
    ),
    "hub": Screen(
        "Ethernet Hub Setup",
        """
      |            Current Link State:               [hub.link]
""",
    ),
    "aux": Screen(
        "Auxiliary Serial Port Setup",
        """
      |            Aux Serial Port Data Rate:        {console.baud}
""",
    ),
    "wan-diagnostics": Screen(
        "WAN Ethernet Diagnostics",
        """
      |            Local WAN IP Address:             [wan.running]
      |            Link State:                       [wan.link]
""",
    ),
    "profiles": Screen(
        "Connection Profiles",
        """
      |          Display/Change Connection Profile...          >!list profile change
      |          Add Connection Profile...                     >!add profile
      |          Delete Connection Profile...                  >!list profile delete
""",
    ),
    **forms(
        "profile",
        "Connection Profile",
        "ADD PROFILE NOW",
        """
      |            Profile Name:                     {profile.name}
      |            Profile Enabled:                  {profile.enabled}
      |
      |            Data Link Encapsulation...        {profile.encapsulation}
      |
      |            Remote IP Address:                {profile.remote}
      |            Remote IP Mask:                   {profile.mask}
""",
        "Configure a new Connection Profile. Finished?  ADD or CANCEL to exit.",
        "Modify Connection Profile here. Changes are immediate.",
    ),
    "wan-default": Screen(
        "[default-profile]",
        """
      |            Receive RIP:                      {wan.rip}
      |            Filter Set...                     {wan.filter}
""",
        "Configure values which may be used when receiving a call.",
    ),
    "atmp-default": Screen(
        "ATMP/PPTP Default Profile",
        """
      |            Answer ATMP/PPTP Connections:     No
""",
    ),
    "ike": Screen(
        "IKE Phase 1 Configuration",
        """
      |            Display/Change IKE Phase 1 Profile...    >!list ike change
      |            Add IKE Phase 1 Profile...               >ike-add
      |            Delete IKE Phase 1 Profile...            >!list ike delete
""",
    ),
    "ike-add": Screen(
        "Add IKE Phase 1 Profile",
        """
      |            SA Lifetime (seconds):            28800
      |
      |            CANCEL                            >!back
""",
    ),
    "wan-advanced": Screen(
        "Advanced Connection Options",
        """
48    |            Configuration Changes Reset WAN Connection:   {wan.reset}
      |            Scheduled Connections Enabled:                {wan.schedule}
""",
        "Configure advanced connection options here.",
    ),
    "schedule": Screen(
        "Scheduled Connections",
        """
      |            Display/Change Scheduled Connection...   >!list schedule change
      |            Delete Scheduled Connection...           >!list schedule delete
""",
    ),
    "backup": Screen(
        "Backup Configuration",
        """
      |            Backup is:                        {backup.mode}
      |            Requires Failure of (minutes):    {backup.failure}
      |            Ping Host Name or IP Address #1:  {backup.ping1}
      |            Ping Host Name or IP Address #2:  {backup.ping2}
      |            Recovery to WAN 1:                {backup.recovery}
""",
        "Configure the backup of the WAN here.",
    ),
    "wan-establish": Screen(
        "Establish WAN Connection",
        """
      |
      |               The WAN is up, and there is nothing to establish.
""",
    ),
}
