// TPConversion: checkpoint -> plan -> weight file.
