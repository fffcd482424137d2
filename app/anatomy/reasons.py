"""Why nothing is measured on a film, for people. Knows nothing, so pages can read it."""

NO_LUNGS = "No lungs were found on this film."
ONE_LUNG = "Only one lung was found: the other may be white, cut away or hidden."
NO_HEART = "The heart was not found: on films that show the lungs alone there is none."
SWAPPED = "The lungs were not found side by side, as they lie on a frontal film."
SMALL = "The lungs that were found are too small for a chest film."
TURNED = "The chest seems to be turned too far."
STRETCHED = "The lungs that were found are too wide or too narrow for a chest."
CUT_OFF = "The film ends where a lung does: how wide the chest is cannot be told."
UNSURE = "The network is not sure enough of the borders."
MEAN_POSE = "How the chest lies could not be told: the mask lies as on an average film."
READ_BY_MEAN = "How the chest lies could not be told: the network read the film as if it lay as on an average one."
REASONS = (NO_LUNGS, ONE_LUNG, NO_HEART, SWAPPED, SMALL, TURNED, STRETCHED, CUT_OFF, UNSURE, MEAN_POSE, READ_BY_MEAN)
