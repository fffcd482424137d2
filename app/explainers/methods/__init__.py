"""One file per method. Each states TITLE, SIGNED, SUMMARY, PAPER and PANEL as plain constants and holds one `Explainer`."""
