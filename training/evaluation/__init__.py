"""Evaluation of an exported model: queries from a split, answers by the shipped graphs, scores."""
