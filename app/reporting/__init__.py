"""What a network's maps are worth: every method against every measure on cases with known truth, written as a report."""
