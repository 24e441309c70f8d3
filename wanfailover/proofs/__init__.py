"""What must hold after a switchover, found out by asking and not by believing the router."""

from wanfailover.proofs.reach import FarProver

__all__ = ["FarProver"]
