"""What if: a film with a part of it replaced, so that a network can be asked what it says then.

An edit (`app.domain.Edit`) names areas of the film and how they are filled; `apply` makes the edited film. The page, the API
and Python all come through here, in image pixels and before a network prepares anything. Knows the domain and the grey
pipeline; no network.
"""

from app.edits.film import apply

__all__ = ["apply"]
