"""Pictures and their text: the manifest, the cache of encoder features, the samples of training."""
