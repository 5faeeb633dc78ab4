// TPHDF5: weights in HDF5.
