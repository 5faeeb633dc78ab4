// TPNumPy: npy and npz.
