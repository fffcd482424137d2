"""Numbers about predictions and about explanations, each with its definition, source and interval."""
