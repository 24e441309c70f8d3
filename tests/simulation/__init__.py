"""The whole program in virtual time, over routers in memory, with a fault at any await."""
