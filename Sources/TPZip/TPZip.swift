// TPZip: a zip file, lent in place.
