"""The networks that read films: a classifier is a card, a network and its preprocessing.

`card` and `registry` know no torch, so that pages can show cards; `classifier`, `networks` and `loading` do.
"""
