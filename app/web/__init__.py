"""The web room: pages, fragments and the JSON API over the store. Knows HTTP and templates; never loads torch."""
