"""What step 0012 does with rows: from tables that knew a stack by its series and its number to tables that know it by its
images, and back.

The step reads all old rows, drops their tables, creates the new ones and fills them, in one transaction and in memory, one list
per table. ``history`` says what a number meant at any time, ``placing`` gives every old row its stack, ``up``, ``verdicts`` and
``down`` say what becomes of the rows; ``new_tables`` and ``old_tables`` are the tables themselves, frozen.
"""
