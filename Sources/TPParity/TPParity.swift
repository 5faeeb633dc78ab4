// TPParity: goldens and the verdict.
