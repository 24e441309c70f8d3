"""The status page: how things stand and how they came to, in a browser. Read-only.

`gate.Gate` is the agent's; what it opens is imported only then, for it is aiohttp's. `house` keeps
the connections few and short, `manners` says who may ask and how, `live` tells each change at once,
`past` reads the journal and the roll-ups, and `server` is the table of what there is. `static/` is
what a browser gets. Nothing here changes anything, and nothing here may hold up the loop: what
reads a file does so in a thread, one at a time.
"""
