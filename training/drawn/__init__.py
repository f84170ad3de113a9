"""Pictures drawn by our own code: scenes of shapes and clip art, sums, and the frames of clips, with their facts."""
