"""`train anatomy`: where the lungs and the heart lie, with attention gates and without, from three kinds of truth."""
