"""Why a guard warns of an image or refuses it, and what it remarks besides, for people. Knows nothing, so pages can read it."""

BLANK = "It is blank, or nearly so: almost all of it is one grey."
TINY = "It is too small: its short side has fewer than 32 pixels."
LITTLE = "It is small: its short side has fewer than 64 pixels, which hides all but the coarsest findings."
UPSIDE_DOWN = "It seems to stand upside down."
ON_ITS_SIDE = "It seems to lie on its side."
INVERTED = "Its greys seem to be inverted: air should be black."
PART = "It seems to show only a part of a chest."
OTHER = "It does not look like a frontal chest film."
UNSURE = "It looks only partly like a frontal chest film."
FAR = "It looks different from the films that the guard knows."
LATERAL = "Its header says that it is a lateral view."
SIDEWAYS = "It looks like a lateral view of a chest."
DETAIL = "It has hardly any fine detail, as drawings and strongly smoothed pictures have none."
REASONS = (BLANK, DETAIL, TINY, LITTLE, UPSIDE_DOWN, ON_ITS_SIDE, INVERTED, PART, OTHER, UNSURE, FAR, LATERAL, SIDEWAYS)

FRAMED = "Along one side of the film or more a frame was found. Only what lies inside of it was read, and maps end there."
MIRRORED = "This film seems to be mirrored: the heart lies on the right. Dextrocardia exists."
UNNAMED = "The header does not say which part of the body this film is of; that it is a chest was decided from its pixels."
REMARKS = (FRAMED, MIRRORED, UNNAMED)
