"""What would have to change on a film for another answer: edits by a trained generator, and shifts in an autoencoder's latent
space.

`edit` holds an edit and lays it onto the film at the film's own resolution, in any strength, and knows no torch; `generating`
and `shifting` make one of a film.
"""
