// TPTorchFiles: every container that torch.save wrote <-> metadata tree + tensors.
