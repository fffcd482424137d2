"""Fitting networks of exams: MRNet's layout, phantoms written in it, the loop, and the join of planes."""
