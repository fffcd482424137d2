"""The relevance engine: one walk from the logit back to the film, for every method that passes relevance from layer to layer.

`plan` says what each call on a tape is to relevance; `engine` walks; `flow` has the rules that all methods share (pools, sums,
concatenation, gates); `linear` is a convolution or linear layer without its bias; `lrp` and `rap` have the methods' own rules.
"""
