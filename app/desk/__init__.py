"""The desk: what can be asked of the product, one function each, whoever asks: a page, the API, the command line.

Knows the store, the cards of networks, ingest, edits and the figures about layers; no HTTP, no SQL and no torch.
"""
