"""The web room: pages, fragments, the API, and what stands before them."""
