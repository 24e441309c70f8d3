"""Samples at rest: of each circuit a row a minute and a row an hour, for plots of up to a year.

`keeper.Keeper` is the agent's and writes as it goes, `reader.Rollups` is anybody's. What a crash or
a full disk has kept from being written is made up for from the flight recorder (`catchup`).
"""
