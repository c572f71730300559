"""Sound events made by calculation: two families of generators that share no code and draw from other ranges.

What a model learns from one family (:mod:`additive`) is tested on the other (:mod:`physical`), since a test by the
generator that trained a model shows only that it learned the generator.
"""
