"""The `validate` command: a table of labels and films or exams in, figures of one or two networks out. No server."""
