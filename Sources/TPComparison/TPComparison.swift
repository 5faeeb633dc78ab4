// TPComparison: difference of two checkpoints.
