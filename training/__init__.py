"""Training, evaluation and export of the Flamingo that the page serves."""
