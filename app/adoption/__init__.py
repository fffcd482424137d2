"""Networks from elsewhere: a checkpoint becomes a folder under ``models/``, checked before anybody can choose it.

`checkpoint` reads tensors and nothing that runs; `recognition` finds out whose they are; `addition` writes the folder; `trial`
is the check run; `shelf` says which network is chosen by itself, and takes one away; `cli` is the command ``models``.
"""
