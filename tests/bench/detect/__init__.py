"""How soon a dead line is noticed, and how often a live one is called dead: ``make bench-detect``.

Lines are simulated, and traces of them are pure functions of a seed, so every detector sees the
same circuit whatever its schedule. Ours is the real code (`ours`); the peers are models of their
rules (`peers`), not measurements of the products.
"""
