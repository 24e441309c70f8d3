"""The part that decides: facts and *now* in, decisions out. Nothing here waits, reads or logs."""
