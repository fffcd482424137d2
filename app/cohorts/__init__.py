"""Cohorts: films or exams with a table of labels, and how good networks are on them.

A table's own columns are mapped to what is asked for (columns, table), its rows are put to the images that were read
(matching), and what networks said of them becomes figures (cases, figures, report) and files (writing). Knows numbers and
tables: no network, no database, no page, and of films only what they are called.
"""
