// TPEvaluation: clips and predictions.
