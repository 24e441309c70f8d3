"""The office's mail: whether the backup MX takes it, and that it delivers it after a switchover."""
