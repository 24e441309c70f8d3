"""A virtual office with its circuits, modems, providers and Internet, from network namespaces."""

from wanfailover.lab.faults import FAULTS
from wanfailover.lab.lab import Lab
from wanfailover.lab.site import Nat, Shape

__all__ = ["FAULTS", "Lab", "Nat", "Shape"]
