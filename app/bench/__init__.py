"""Figures that anyone can print: how long the product takes, measured on the product itself, in a process of its own."""
