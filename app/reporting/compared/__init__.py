"""Networks compared on the same films: one kind of attention beside another, and all of them beside their plain twin."""
