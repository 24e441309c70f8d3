"""Bytes to a router and back. Vendors' libraries and their exceptions stop here."""
