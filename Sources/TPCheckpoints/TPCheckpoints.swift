// TPCheckpoints: one door for all files.
